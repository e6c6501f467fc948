################################################################################
#
# libvpx-vp8
#
################################################################################

# The version of Buildroot 2026.05's package libvpx, and its download.
LIBVPX_VP8_VERSION = 1.16.0
LIBVPX_VP8_SITE = $(call github,webmproject,libvpx,v$(LIBVPX_VP8_VERSION))
LIBVPX_VP8_SOURCE = libvpx-$(LIBVPX_VP8_VERSION).tar.gz
LIBVPX_VP8_DL_SUBDIR = libvpx
LIBVPX_VP8_LICENSE = BSD-3-Clause
LIBVPX_VP8_LICENSE_FILES = LICENSE PATENTS
LIBVPX_VP8_CPE_ID_VENDOR = webmproject
LIBVPX_VP8_CPE_ID_PRODUCT = libvpx
LIBVPX_VP8_INSTALL_STAGING = YES
LIBVPX_VP8_INSTALL_TARGET = NO

# It is not configured by autotools; its linker is called with the compiler's
# options.
define LIBVPX_VP8_CONFIGURE_CMDS
	cd $(@D) && \
	$(TARGET_CONFIGURE_OPTS) LD="$(TARGET_CC)" CROSS=$(GNU_TARGET_NAME)- \
	CFLAGS="$(TARGET_CFLAGS) -ffunction-sections -fdata-sections" \
	./configure \
		--target=arm64-linux-gcc \
		--prefix=/usr \
		--enable-static \
		--disable-shared \
		--enable-realtime-only \
		--enable-runtime-cpu-detect \
		--disable-vp9 \
		--disable-vp8-decoder \
		--disable-postproc \
		--disable-temporal-denoising \
		--disable-webm-io \
		--disable-libyuv \
		--disable-examples \
		--disable-tools \
		--disable-docs \
		--disable-unit-tests \
		--disable-dependency-tracking
endef

define LIBVPX_VP8_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D)
endef

define LIBVPX_VP8_INSTALL_STAGING_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) DESTDIR="$(STAGING_DIR)" install
endef

$(eval $(generic-package))
