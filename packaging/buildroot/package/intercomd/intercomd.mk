################################################################################
#
# intercomd
#
################################################################################

# Buildroot builds Go programs without network and from vendor/ only, which the
# project's repository does not hold: scripts/image.sh copies the project and
# fills vendor/.
INTERCOMD_VERSION = $(or $(INTERCOM_VERSION),0.0.0-dev)
INTERCOMD_SITE = $(or $(INTERCOMD_SOURCE_DIR),$(BR2_EXTERNAL_INTERCOM_PATH)/../../build/image-source)
INTERCOMD_SITE_METHOD = local
INTERCOMD_LICENSE = Apache-2.0
INTERCOMD_LICENSE_FILES = LICENSE
INTERCOMD_GOMOD = github.com/intercomd/intercomd
INTERCOMD_BUILD_TARGETS = cmd/intercomd
INTERCOMD_DEPENDENCIES = host-pkgconf jpeg libvpx-vp8 opus

# The same build as scripts/build.sh of the project: static, resolver and user
# database in Go, no HTTP/2, and inlining only where packets and frames go
# through.
INTERCOMD_TAGS = netgo osusergo nethttpomithttp2
INTERCOMD_EXTLDFLAGS = -static -Wl,--gc-sections
INTERCOMD_LDFLAGS = \
	-s -w -funcalign=16 -linkmode external \
	-X main.version=$(INTERCOMD_VERSION) \
	-X main.commit=$(or $(INTERCOM_COMMIT),unknown)
INTERCOMD_INLINED = \
	runtime internal/runtime/... sync/... bytes encoding/binary math/bits \
	crypto/cipher crypto/internal/fips140/aes/... \
	github.com/pion/srtp/... github.com/pion/rtp/... \
	github.com/pion/interceptor/... github.com/pion/mediadevices/... \
	$(INTERCOMD_GOMOD)/media/... $(INTERCOMD_GOMOD)/hw/...
INTERCOMD_BUILD_OPTS = \
	-gcflags=all=-l $(foreach p,$(INTERCOMD_INLINED),-gcflags=$(p)=)
INTERCOMD_GO_ENV = \
	CGO_ENABLED=1 \
	PKG_CONFIG="$(PKG_CONFIG_HOST_BINARY)"

define INTERCOMD_INSTALL_INIT_SYSTEMD
	$(INSTALL) -D -m 0644 $(@D)/packaging/systemd/intercomd.service \
		$(TARGET_DIR)/usr/lib/systemd/system/intercomd.service
endef

define INTERCOMD_INSTALL_UDEV_RULES
	$(INSTALL) -D -m 0644 $(@D)/packaging/systemd/intercomd.rules \
		$(TARGET_DIR)/usr/lib/udev/rules.d/60-intercomd.rules
endef
INTERCOMD_POST_INSTALL_TARGET_HOOKS += INTERCOMD_INSTALL_UDEV_RULES

# Fixed numbers: files on /data belong to them in every version.
define INTERCOMD_USERS
	- - gpio 901 - - - - Lines of buttons, lamps and relays
	intercom 900 intercom 900 * - - audio,video,gpio,input Door station
endef

$(eval $(golang-package))
