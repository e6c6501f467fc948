#!/bin/bash
# Checks the external tree without Buildroot, and without root. For each board:
#
#   - every symbol of its configuration and kernel fragments is a known one, every
#     file that it names is there, and what an image must have is switched on;
#   - post-build.sh, mksquashfs, post-image.sh, genimage and mkbundle.sh run on
#     stand-ins for root file system, kernel and firmware, and what they leave is
#     looked into: partitions, files, command lines, units, the bundle;
#   - scripts/bundle.sh signs the same images, and refuses what it must.
#
# And for all of them: shellcheck, systemd-analyze verify, no secrets.
#
# What it cannot see is a known symbol that Kconfig drops because something it
# depends on is missing: scripts/image.sh looks for that, with a real Buildroot.
#
# usage: packaging/buildroot/check.sh [BOARD…]
set -euo pipefail
cd "$(dirname "$0")"

tree=$PWD
project=$(realpath "$PWD/../..")
overlay=board/common/rootfs-overlay
version=1.2.3-check
boards=("$@")
[ ${#boards[@]} -gt 0 ] || boards=(rpi4 rpi3 rpizero2w rpi5)

fail() {
	echo "check: $*" >&2
	exit 1
}

# want FILE TEXT WHAT: a line of the file is exactly the text.
want() { grep -qxF -- "$2" "$1" || fail "$3: no line '$2' in $1"; }

need_tools() {
	for tool in genimage mcopy mdir mkdosfs mke2fs mksquashfs unsquashfs rauc shellcheck systemd-analyze systemctl openssl sfdisk; do
		command -v "$tool" >/dev/null || fail "$tool is missing"
	done
}

# ---- what the tree says ------------------------------------------------------

check_symbols() { # BOARD
	local unknown
	unknown=$(grep -ohE '\bBR2_[A-Za-z0-9_]+' "configs/intercomd_$1_defconfig" configs/*.fragment |
		grep -v '^BR2_EXTERNAL_' | sort -u | grep -vxFf check/symbols.txt || true)
	[ -z "$unknown" ] || fail "$1: no symbol of Buildroot: $unknown"
	# shellcheck disable=SC2046 # a list of files
	unknown=$(grep -ohE '^CONFIG_[A-Za-z0-9_]+' $(fragments "$1") | sort -u |
		grep -vxFf <(grep -oE '^CONFIG_[A-Za-z0-9_]+' check/kernel-symbols.txt) || true)
	[ -z "$unknown" ] || fail "$1: no symbol of the kernel: $unknown"
}

# fragments prints the kernel fragments of a board.
fragments() {
	sed -n 's/^BR2_LINUX_KERNEL_CONFIG_FRAGMENT_FILES="\(.*\)"$/\1/p' "configs/intercomd_$1_defconfig" |
		sed "s|\$(BR2_EXTERNAL_INTERCOM_PATH)|$tree|g"
}

check_files() { # BOARD
	local name
	while read -r name; do
		[ -e "$name" ] || fail "$1: the configuration names $name, which is not there"
	done < <(grep -oE '\$\(BR2_EXTERNAL_INTERCOM_PATH\)[^ "]*' "configs/intercomd_$1_defconfig" | sed 's|^[^)]*)/||')
}

# check_settings holds each board to what the images promise.
check_settings() { # BOARD
	local config=configs/intercomd_$1_defconfig line
	while read -r line; do
		want "$config" "$line" "$1"
	done <check/required.txt
	want "$config" "BR2_ROOTFS_POST_SCRIPT_ARGS=\"$1\"" "$1"
	[ -z "$(sort "$config" | uniq -d)" ] || fail "$1: a line is twice in $config"
	! grep -q 'ROOT_PASSWD=' "$config" || fail "$1: a password of root"
	case $1 in
	rpi3 | rpizero2w) want "$config" BR2_PACKAGE_RPI_FIRMWARE_BOOTCODE_BIN=y "$1" ;;
	esac
	local text=board/$1/config.txt
	for line in kernel=Image arm_64bit=1 dtparam=watchdog=on kernel_watchdog_timeout=60 '[boot_partition=2]' '[boot_partition=3]'; do
		want "$text" "$line" "$1"
	done
}

check_autoboot() {
	[ "$(wc -c <board/common/autoboot.txt)" -le 512 ] || fail "autoboot.txt is larger than a sector"
	sed -n 's/^\(.*boot_partition=\)[23]$/\1/p' board/common/autoboot.txt | uniq -c | grep -q ' 2 boot_partition=' ||
		fail "autoboot.txt must name two partitions"
	want board/common/autoboot.txt tryboot_a_b=1 autoboot
}

check_secrets() {
	local found
	found=$(grep -rlE 'BEGIN [A-Z ]*PRIVATE KEY|psk=|password *= *[^ $]' --include='*' . --exclude=check.sh --exclude='*_test.go' || true)
	[ -z "$found" ] || fail "looks like a secret: $found"
}

check_scripts() {
	local scripts=() file
	while read -r file; do scripts+=("$file"); done < <(
		grep -rlE '^#!/bin/(ba)?sh' . --include='*' | sort
		printf '%s\n' "$project"/scripts/{image,bundle,pki}.sh
	)
	shellcheck "${scripts[@]}"
	for file in "${scripts[@]}"; do
		[ -x "$file" ] || fail "$file is not executable"
		sed -n 2,40p "$file" | grep -qE '^set -eu' || grep -qE '^set -eu' "$file" || fail "$file goes on after errors"
	done
	echo "check: ${#scripts[@]} scripts pass shellcheck"
}

# ---- what the scripts make ---------------------------------------------------

# stand_in makes what Buildroot would have made: the root file system's parts that
# the scripts touch, a kernel, device trees and firmware.
stand_in() { # BOARD
	local target=$work/$1/target images=$work/$1/images name
	mkdir -p "$target"/{usr/bin,usr/sbin,usr/lib/systemd/system,etc,var/lib/dbus,dev} "$images/rpi-firmware/overlays"
	cp -a "$overlay/." "$target/"
	cp "$project/packaging/systemd/intercomd.service" "$target/usr/lib/systemd/system/"
	printf 'NAME=Buildroot\nVERSION_ID=2026.05.1\n' >"$target/usr/lib/os-release"
	printf 'root:a-password:19000:0:99999:7:::\nintercom:*:::::::\n' >"$target/etc/shadow"
	echo 0123456789abcdef0123456789abcdef >"$target/etc/machine-id"
	ln -s usr/bin "$target/bin"
	for name in intercomd rauc systemctl systemd-tmpfiles sleep sh kill rauc-hawkbit-updater; do
		printf '#!/bin/sh\n' >"$target/usr/bin/$name"
	done
	for name in fsck.fat wpa_supplicant dropbear; do printf '#!/bin/sh\n' >"$target/usr/sbin/$name"; done
	chmod 0755 "$target"/usr/bin/* "$target"/usr/sbin/*
	noise mark-of-intercomd >>"$target/usr/bin/intercomd"
	noise mark-of-the-first >"$target/usr/bin/a"
	noise mark-of-the-last >"$target/usr/lib/z"
	unit "$target" rauc 'Type=dbus' 'BusName=de.pengutronix.rauc' 'ExecStart=/usr/bin/rauc service'
	unit "$target" rauc-mark-good 'ExecStart=/usr/bin/rauc status mark-good'
	unit "$target" rauc-hawkbit-updater 'ExecStart=/usr/bin/rauc-hawkbit-updater'
	unit "$target" getty@ 'ExecStart=/usr/bin/sleep 1'
	unit "$target" dropbear 'ExecStart=/usr/sbin/dropbear'
	head -c 3000000 /dev/urandom >"$images/Image"
	while read -r name; do
		echo "tree of $name" >"$images/${name#broadcom/}.dtb"
	done < <(grep -oE 'broadcom/[^ "]+' "configs/intercomd_$1_defconfig")
	for name in $(firmware "$1"); do echo "$name" >"$images/rpi-firmware/$name"; done
	cp "board/$1/config.txt" "$images/rpi-firmware/config.txt"
	echo overlay >"$images/rpi-firmware/overlays/disable-bt.dtbo"
}

# check_again: the same files make the same card, whenever it is made.
check_again() { # BOARD
	local images=$work/$1/images
	mv "$images/sdcard.img" "$work/first.img"
	env -u INTERCOM_KEY BUILD_DIR="$work/$1/build" board/common/post-image.sh "$images" "$1" >/dev/null
	cmp "$work/first.img" "$images/sdcard.img" || fail "$1: the image of the card is another one the second time"
	rm "$work/first.img"
}

# noise prints 2 MB that cannot be compressed, with a mark in them.
noise() { # MARK
	head -c 1000000 /dev/urandom
	printf '%s' "$1"
	head -c 1000000 /dev/urandom
}

unit() { # TARGET NAME LINE…
	local file=$1/usr/lib/systemd/system/$2.service
	shift 2
	{
		printf '[Unit]\nDescription=Stand-in\n[Service]\n'
		printf '%s\n' "$@"
		printf '[Install]\nWantedBy=multi-user.target\n'
	} >"$file"
}

# firmware prints the files that config.txt of a board wants beside it.
firmware() {
	sed -n 's/^\(start_file\|fixup_file\)=//p' "board/$1/config.txt"
	if grep -q BOOTCODE_BIN=y "configs/intercomd_$1_defconfig"; then echo bootcode.bin; fi
}

build() { # BOARD
	local at=$work/$1
	board/common/post-build.sh "$at/target" "$1"
	mksquashfs "$at/target" "$at/images/rootfs.squashfs" -noappend -all-root -comp zstd -sort board/common/squashfs.sort \
		-quiet -no-progress >"$at/mksquashfs.log" || fail "$1: mksquashfs failed"
	mkdir -p "$at/build"
	BUILD_DIR=$at/build board/common/post-image.sh "$at/images" "$1" >"$at/post-image.log" 2>&1 ||
		{ cat "$at/post-image.log" >&2 && fail "$1: post-image.sh failed"; }
}

check_target() { # BOARD
	local target=$work/$1/target name
	want "$target/usr/lib/os-release" "IMAGE_ID=intercom-$1" "$1"
	want "$target/usr/lib/os-release" "IMAGE_VERSION=$version" "$1"
	want "$target/usr/lib/os-release" "VARIANT_ID=development" "$1"
	want "$target/etc/rauc/system.conf" "compatible=intercom-$1" "$1"
	want "$target/etc/rauc/system.conf" "device=/dev/mmcblk0p6" "$1"
	want "$target/etc/rauc/system.conf" "check-purpose=codesign" "$1"
	cmp -s "$work/pki/keyring.pem" "$target/etc/rauc/keyring.pem" || fail "$1: another keyring is on the image"
	want "$target/etc/shadow" 'root:*:19000:0:99999:7:::' "$1"
	[ ! -s "$target/etc/machine-id" ] || fail "$1: all boards would have one machine id"
	[ "$(readlink "$target/etc/localtime")" = /run/intercom/localtime ] || fail "$1: etc/localtime is not from the settings"
	[ -s "$target/usr/share/intercomd/intercom.yaml" ] || fail "$1: no template for the card"
	! grep -rnE '@[A-Z_]+@' "$target/etc" "$target/usr/lib/systemd" || fail "$1: a placeholder was left"
	for name in data bootcfg; do [ -d "$target/$name" ] || fail "$1: no mount point /$name"; done
}

check_card() { # BOARD
	local images=$work/$1/images table name
	table=$(sfdisk -d "$images/sdcard.img" | sed -n 's/.*size= *\([0-9]*\), type=\([^,]*\).*/\1 \2/p')
	[ "$table" = "$(cat check/partitions.txt)" ] || fail "$1: the partition table is not the one of partitions.txt: $table"
	mdir -b -i "$images/intercom.vfat" | grep -qx '::/autoboot.txt' || fail "$1: no autoboot.txt on the card"
	mdir -b -i "$images/intercom.vfat" | grep -qx '::/intercom.yaml' || fail "$1: no intercom.yaml on the card"
	for name in Image config.txt cmdline_a.txt cmdline_b.txt overlays/disable-bt.dtbo $(firmware "$1"); do
		if [ "$name" = bootcode.bin ]; then
			mdir -b -i "$images/intercom.vfat" | grep -qx "::/$name" || fail "$1: no $name where the boot ROM looks"
		else
			mdir -/ -b -i "$images/boot.vfat" | grep -qx "::/$name" || fail "$1: no $name on the boot partition"
		fi
	done
	[ "$(mdir -b -i "$images/boot.vfat" | grep -c 'dtb$')" -gt 0 ] || fail "$1: no device tree"
	check_cmdline "$1" a 5 A
	check_cmdline "$1" b 6 B
	partition "$images" 5 "$(wc -c <"$images/rootfs.squashfs")" | cmp -s - "$images/rootfs.squashfs" ||
		fail "$1: partition 5 is not the root file system"
	partition "$images" 3 "$(wc -c <"$images/boot.vfat")" | cmp -s - "$images/boot.vfat" || fail "$1: partition 3 is not the boot image"
}

# partition prints the first bytes of a partition.
partition() { # IMAGES NUMBER BYTES
	local start
	start=$(sfdisk -d "$1/sdcard.img" | sed -n "s/.*sdcard.img$2 : start= *\([0-9]*\),.*/\1/p")
	dd if="$1/sdcard.img" bs=1M iflag=skip_bytes,count_bytes skip="$((start * 512))" count="$3" status=none
}

check_cmdline() { # BOARD LETTER PARTITION SLOT
	local text word
	text=$(mcopy -i "$work/$1/images/boot.vfat" "::/cmdline_$2.txt" -)
	[ "$(wc -l <<<"$text")" -eq 1 ] || fail "$1: cmdline_$2.txt must be one line"
	for word in "root=/dev/mmcblk0p$3" "rauc.slot=$4" rootfstype=squashfs ro rootwait panic=10; do
		grep -qw -- "$word" <<<"$text" || fail "$1: cmdline_$2.txt says '$text', without $word"
	done
	! grep -qE 'console=(ttyS|ttyAMA|serial)|init=' <<<"$text" || fail "$1: cmdline_$2.txt opens a serial console"
}

# check_order: what changes with every version stands behind what does not, in
# whatever order folders are read. Random bytes are stored as they are, so marks
# in them show.
check_order() { # BOARD
	local image=$work/$1/images/rootfs.squashfs other
	for other in mark-of-the-first mark-of-the-last; do
		[ "$(offset "$image" "$other")" -lt "$(offset "$image" mark-of-intercomd)" ] ||
			fail "$1: intercomd is not at the end of the root file system"
	done
}

# offset prints where a text is in a file, nothing when it is not there.
offset() { LC_ALL=C grep -obaF -m 1 -- "$2" "$1" | head -n 1 | cut -d: -f1; }

check_bundle() { # BOARD
	local bundle=$work/$1/images/intercom-$1-$version.raucb content
	[ -s "$bundle" ] || fail "$1: no bundle"
	content=$(unsquashfs -d '' -l "$bundle" | sed 's|^/||' | sort | tr '\n' ' ')
	for name in boot.vfat boot.vfat.block-hash-index rootfs.img rootfs.img.block-hash-index manifest.raucm; do
		grep -qw -- "$name" <<<"$content" || fail "$1: the bundle has no $name: $content"
	done
	rauc --conf="$work/$1/target/etc/rauc/system.conf" --keyring="$work/pki/keyring.pem" info "$bundle" >"$work/info" 2>&1 || {
		cat "$work/info" >&2
		fail "$1: a board would refuse the bundle"
	}
	grep -q "Compatible:.*intercom-$1'" "$work/info" || fail "$1: $(cat "$work/info")"
	grep -q "Bundle Format:.*verity" "$work/info" || fail "$1: $(cat "$work/info")"
	grep -q "Version:.*$version" "$work/info" || fail "$1: $(cat "$work/info")"
}

# refused WORDS COMMAND…: it fails and says so in these words.
refused() {
	local words=$1
	shift
	if "$@" >"$work/refused" 2>&1; then fail "was not refused: $words"; fi
	grep -qF -- "$words" "$work/refused" || fail "said something else than '$words': $(cat "$work/refused")"
}

check_refusals() { # BOARD
	local images=$work/$1/images other=rpi5 sign=(env "BOARD=$1" "IMAGES=$work/$1/images" "BUNDLE=$work/again.raucb")
	[ "$1" != rpi5 ] || other=rpi4
	"${sign[@]}" CERT="$work/pki/signer.pem" KEY="$work/pki/signer.key" "$project/scripts/bundle.sh" >/dev/null
	[ -s "$work/again.raucb" ] || fail "$1: scripts/bundle.sh made no bundle"
	refused "is expired: notAfter=" "${sign[@]}" CERT="$work/pki/expired.pem" KEY="$work/pki/expired.key" "$project/scripts/bundle.sh"
	refused "is not for signing code" "${sign[@]}" CERT="$work/pki/tls-only.pem" KEY="$work/pki/tls-only.key" "$project/scripts/bundle.sh"
	refused "does not lead to a certificate of" "${sign[@]}" CERT="$work/pki/rogue.pem" KEY="$work/pki/rogue.key" "$project/scripts/bundle.sh"
	refused "rauc did not make the bundle" "${sign[@]}" CERT="$work/pki/signer.pem" KEY="$work/pki/rogue.key" "$project/scripts/bundle.sh"
	refused "is an image of 'intercom-$1', not of intercom-$other" env BOARD="$other" IMAGES="$images" CERT=x KEY=x "$project/scripts/bundle.sh"
	refused "holds a private key" env INTERCOM_KEYRING="$work/leaky.pem" board/common/post-build.sh "$work/$1/target" "$1"
	refused "must look like 1.2.3" env INTERCOM_VERSION=latest board/common/post-build.sh "$work/$1/target" "$1"
	refused "board 'rpi1' is unknown" board/common/post-build.sh "$work/$1/target" rpi1
	refused "holds development keys" env BOARD="$1" BUILDROOT="$work/buildroot" VERSION=1.2.3 INTERCOM_KEYRING="$work/mixed.pem" "$project/scripts/image.sh"
}

# mixed_keyring has a development root behind one that looks like a fleet's.
mixed_keyring() {
	mkdir "$work/buildroot"
	echo 'export BR2_VERSION := 2026.05' >"$work/buildroot/Makefile"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/fleet.key" \
		-subj "/CN=Fleet root" -out "$work/fleet.pem" 2>/dev/null
	cat "$work/fleet.pem" "$work/pki/root.pem" >"$work/mixed.pem"
}

# ---- units -------------------------------------------------------------------

# own_units prints the units of the image that are this project's.
own_units() { find "$overlay/usr/lib/systemd/system" -maxdepth 1 -type f -printf '%f\n' && echo intercomd.service; }

# check_preset: what starts on the image, and what must not.
check_preset() { # BOARD
	local target=$work/$1/target name
	systemctl --root="$target" preset-all >"$work/preset" 2>&1 || fail "preset-all: $(cat "$work/preset")"
	for name in $(own_units); do
		grep -q '^\[Install\]' "$target/usr/lib/systemd/system/$name" || continue
		[ "$(systemctl --root="$target" is-enabled "$name")" = enabled ] || fail "$name is not enabled by the preset"
	done
	for name in rauc-mark-good.service getty@.service dropbear.service; do
		[ "$(systemctl --root="$target" is-enabled "$name" || true)" = disabled ] || fail "$name is enabled"
	done
	[ "$(systemctl --root="$target" is-enabled getty.target || true)" = masked ] || fail "getty.target is not masked"
}

check_units() { # BOARD
	local target=$work/$1/target name paths=()
	# What the units refer to: the targets of this machine's systemd.
	cp /usr/lib/systemd/system/*.target "$target/usr/lib/systemd/system/"
	for name in $(own_units); do paths+=("$target/usr/lib/systemd/system/$name"); done
	systemd-analyze verify --recursive-errors=yes --man=no --root="$target" "${paths[@]}" >"$work/verify" 2>&1 ||
		fail "systemd-analyze verify: $(cat "$work/verify")"
	[ ! -s "$work/verify" ] || fail "systemd-analyze verify: $(cat "$work/verify")"
}

# ---- all of it ---------------------------------------------------------------

need_tools
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
"$project/scripts/pki.sh" --bad "$work/pki" >/dev/null
cat "$work/pki/root.pem" "$work/pki/root.key" >"$work/leaky.pem"
mixed_keyring
export SOURCE_DATE_EPOCH=1700000000
export BR2_EXTERNAL_INTERCOM_PATH=$tree INTERCOM_VERSION=$version
export INTERCOM_CERT=$work/pki/signer.pem INTERCOM_KEY=$work/pki/signer.key INTERCOM_KEYRING=$work/pki/keyring.pem

check_scripts
check_autoboot
check_secrets
for board in "${boards[@]}"; do
	check_symbols "$board"
	check_files "$board"
	check_settings "$board"
	stand_in "$board"
	build "$board"
	check_target "$board"
	check_card "$board"
	check_order "$board"
	check_bundle "$board"
	check_refusals "$board"
	# The same on all boards.
	if [ "$board" = "${boards[0]}" ]; then
		check_again "$board"
		check_preset "$board"
		check_units "$board"
	fi
	rm -rf "${work:?}/$board"
	echo "check: $board: configuration, card image, units and bundle are in order"
done
