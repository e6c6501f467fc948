#!/bin/sh
# Buildroot's last step: the image of the card and, with a key, the bundle, from
# the root file system, the kernel and the firmware in the images folder.
#
# usage: post-image.sh IMAGES BOARD
#
# BR2_EXTERNAL_INTERCOM_PATH  this external tree (Buildroot sets it)
# BUILD_DIR                   folder for what is in between (Buildroot sets it)
# INTERCOM_VERSION            version of the image, 1.2.3
# INTERCOM_DISK               what comes before a partition's number, default
#                             /dev/mmcblk0p
# INTERCOM_CMDLINE            words to add to the kernel's command line
# INTERCOM_TEMPLATE           intercom.yaml of the card, default the project's
# INTERCOM_BOOT_SIZE, INTERCOM_ROOT_SIZE, INTERCOM_DATA_SIZE
#                             sizes of the partitions, default 48M, 256M, 512M
# INTERCOM_CERT, INTERCOM_KEY, INTERCOM_KEYRING, INTERCOM_INTERMEDIATE
#                             see ota/mkbundle.sh; without a key, no bundle
set -eu

images=${1:?usage: post-image.sh IMAGES BOARD}
board=${2:?usage: post-image.sh IMAGES BOARD}
tree=${BR2_EXTERNAL_INTERCOM_PATH:?post-image: BR2_EXTERNAL_INTERCOM_PATH is not set}
build=${BUILD_DIR:?post-image: BUILD_DIR is not set}
disk=${INTERCOM_DISK:-/dev/mmcblk0p}
template=${INTERCOM_TEMPLATE:-$tree/../intercom.yaml}
common=$tree/board/common

fail() {
	echo "post-image: $*" >&2
	exit 1
}

# collect puts the boot partition's content into a folder of its own: the
# firmware's files at the top, device trees beside them.
collect() {
	rm -rf "${images:?}/boot"
	mkdir -p "$images/boot"
	for file in "$images"/rpi-firmware/* "$images"/*.dtb "$images/Image"; do
		[ -e "$file" ] || continue
		cp -R "$file" "$images/boot/"
	done
	for slot in a b; do
		sed "s|@DISK@|$disk|; s|\$|${INTERCOM_CMDLINE:+ $INTERCOM_CMDLINE}|" "$common/cmdline_$slot.txt.in" >"$images/boot/cmdline_$slot.txt"
	done
	# Only the boot ROM of boards without a loader in an EEPROM reads it, and
	# only from the first partition.
	rm -f "$images/boot/bootcode.bin"
}

# list prints a folder's entries for genimage.
list() {
	for entry in "$images/$1"/*; do
		printf '"%s/%s", ' "$1" "$(basename "$entry")"
	done
}

card() {
	rm -rf "${images:?}/card"
	mkdir -p "$images/card"
	cp "$common/autoboot.txt" "$images/card/autoboot.txt"
	[ -s "$template" ] || fail "no intercom.yaml for the card: $template"
	cp "$template" "$images/card/intercom.yaml"
	if [ -e "$images/rpi-firmware/bootcode.bin" ]; then
		cp "$images/rpi-firmware/bootcode.bin" "$images/card/"
	fi
	[ "$(wc -c <"$images/card/autoboot.txt")" -le 512 ] || fail "autoboot.txt must fit a sector of 512 bytes"
}

for file in rootfs.squashfs Image rpi-firmware/config.txt; do
	[ -s "$images/$file" ] || fail "no such file, or an empty one: $images/$file"
done
collect
card
sed -e "s|@CARD_FILES@|$(list card)|" \
	-e "s|@BOOT_FILES@|$(list boot)|" \
	-e "s|@BOOT_SIZE@|${INTERCOM_BOOT_SIZE:-48M}|" \
	-e "s|@ROOT_SIZE@|${INTERCOM_ROOT_SIZE:-256M}|" \
	-e "s|@DATA_SIZE@|${INTERCOM_DATA_SIZE:-512M}|" \
	"$common/genimage.cfg.in" >"$build/genimage.cfg"

# The same image from the same files: mtools knows SOURCE_DATE_EPOCH, e2fsprogs
# before 1.47.1 variables of its own.
if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then
	export E2FSPROGS_FAKE_TIME="$SOURCE_DATE_EPOCH" E2FSCK_TIME="$SOURCE_DATE_EPOCH"
fi

# genimage copies the root path that it is given: an empty one is enough.
rm -rf "$build/genimage.tmp" "$build/genimage.root"
mkdir -p "$build/genimage.root"
genimage --loglevel 0 --rootpath "$build/genimage.root" --tmppath "$build/genimage.tmp" \
	--inputpath "$images" --outputpath "$images" --config "$build/genimage.cfg" ||
	fail "genimage failed: does everything fit its partition?"
rm -rf "$build/genimage.tmp" "$build/genimage.root"

if [ -n "${INTERCOM_CERT:-}" ] && [ -n "${INTERCOM_KEY:-}" ]; then
	"$common/ota/mkbundle.sh" "$images" "$board" "${INTERCOM_VERSION:?post-image: INTERCOM_VERSION is not set}"
fi
