#!/bin/sh
# Makes what one version of the image consists of, as Buildroot would: this
# project's overlay, its post-build and its post-image script, on the lab's guest
# instead of a root file system of Buildroot.
#
# usage: e2e/ota/image.sh GUEST PROGRAM VERSION FAULT OUTPUT
#
# GUEST    folder that scripts/ota-guest.sh printed
# PROGRAM  intercomd for the guest
# VERSION  1.2.3
# FAULT    what is wrong with this version:
#            none      nothing
#            sick      the camera's driver does not load: never healthy
#            hang      everything stands still soon after the start
#            panic     the kernel ends in a panic soon after the start
#            nokernel  the boot partition has no kernel
#            crash     intercomd ends at once, whenever it is started
# OUTPUT   folder for the result: sdcard.img (only for the factory), rootfs.squashfs,
#          boot.vfat, VERSION.raucb
#
# INTERCOM_CERT, INTERCOM_KEY and INTERCOM_KEYRING sign the bundle.
# OTA_FACTORY=1 keeps the image of the card.
set -eu
cd "$(dirname "$0")/../.."

[ $# -eq 5 ] || {
	echo "usage: e2e/ota/image.sh GUEST PROGRAM VERSION FAULT OUTPUT" >&2
	exit 1
}
guest=$1
program=$2
version=$3
fault=$4
output=$5
board=rpi4

BR2_EXTERNAL_INTERCOM_PATH=$PWD/packaging/buildroot
INTERCOM_VERSION=$version
INTERCOM_DISK=/dev/vda
INTERCOM_BOOT_SIZE=18M
INTERCOM_ROOT_SIZE=48M
INTERCOM_DATA_SIZE=64M
export BR2_EXTERNAL_INTERCOM_PATH INTERCOM_VERSION INTERCOM_DISK
export INTERCOM_BOOT_SIZE INTERCOM_ROOT_SIZE INTERCOM_DATA_SIZE
common=$BR2_EXTERNAL_INTERCOM_PATH/board/common

# install_packages does what Buildroot's packages and its table of users do.
install_packages() {
	cp -a "$guest/root" "$root"
	cp -R "$common/rootfs-overlay/." "$root/"
	install -D -m 0755 "$program" "$root/usr/bin/intercomd"
	install -D -m 0644 packaging/systemd/intercomd.service "$root/usr/lib/systemd/system/intercomd.service"
	install -D -m 0644 packaging/systemd/intercomd.rules "$root/usr/lib/udev/rules.d/60-intercomd.rules"
	cat >"$root/usr/lib/sysusers.d/intercom.conf" <<-EOM
		g gpio 901
		u intercom 900:900 "Door station" /
		m intercom video
		m intercom audio
		m intercom gpio
		m intercom input
	EOM
	echo 'g intercom 900' >"$root/usr/lib/sysusers.d/00-intercom.conf"
	systemd-sysusers --root="$root"
	# Unlike Buildroot's, Debian's systemd has no file that enables everything.
	systemctl --root="$root" preset-all
}

install_lab() {
	cp -R e2e/ota/guest/overlay/. "$root/"
}

# lab_unit makes a unit that is started with the others and runs the shell text
# on standard input.
lab_unit() {
	cat >"$root/usr/lib/lab/$1"
	cat >"$root/usr/lib/systemd/system/lab-$1.service" <<-EOM
		[Unit]
		Description=The lab's fault: $1
		[Service]
		ExecStart=/bin/sh /usr/lib/lab/$1
	EOM
	ln -s "../lab-$1.service" "$root/usr/lib/systemd/system/multi-user.target.wants/"
}

install_fault() {
	case $fault in
	none | nokernel) ;;
	sick) echo 'install vivid /bin/false' >>"$root/usr/lib/modprobe.d/lab.conf" ;;
	# Tasks before which all else has to wait, systemd and the kernel's own too:
	# the share that the kernel keeps for others is taken away first.
	hang)
		lab_unit hang <<-'EOM'
			mount -t debugfs debugfs /sys/kernel/debug
			echo -1 >/proc/sys/kernel/sched_rt_runtime_us
			for share in /sys/kernel/debug/sched/fair_server/*/runtime; do
				echo 0 >"$share"
			done
			for n in 1 2 3 4; do
				chrt -f 99 sh -c 'while :; do :; done' &
			done
			wait
		EOM
		;;
	panic)
		lab_unit panic <<-'EOM'
			echo 1 >/proc/sys/kernel/sysrq
			echo c >/proc/sysrq-trigger
		EOM
		;;
	crash)
		printf '#!/bin/sh\necho "intercomd: the lab lets this version end at once" >&2\nexit 1\n' >"$root/usr/bin/intercomd"
		;;
	*)
		echo "image: unknown fault $fault" >&2
		exit 1
		;;
	esac
}

# pack writes the root file system as Buildroot does, and what it would have put
# beside it.
pack() {
	mksquashfs "$root" "$output/rootfs.squashfs" -noappend -all-root -comp zstd -quiet -no-progress \
		-sort "$common/squashfs.sort" -mkfs-time 0 -all-time 0
	cp "$guest/Image" "$output/Image"
	mkdir -p "$output/rpi-firmware"
	cp "$guest/initramfs.gz" "$output/rpi-firmware/"
	# What a Raspberry Pi's config.txt says about slots, and this kernel's name.
	{
		cat "$BR2_EXTERNAL_INTERCOM_PATH/board/$board/config.txt"
		printf '[all]\nkernel=Image\ninitramfs initramfs.gz followkernel\n'
	} >"$output/rpi-firmware/config.txt"
}

images() {
	signing=$INTERCOM_KEY
	INTERCOM_KEY='' "$common/post-image.sh" "$output" "$board"
	if [ "$fault" = nokernel ]; then
		mdel -i "$output/boot.vfat" ::Image
	fi
	INTERCOM_KEY=$signing INTERCOM_BUNDLE=$output/$version.raucb "$common/ota/mkbundle.sh" "$output" "$board" "$version"
	[ -n "${OTA_FACTORY:-}" ] || rm -f "$output/sdcard.img"
	rm -rf "$output/intercom.vfat" "$output/data.ext4" "${output:?}/boot" "$output/card" "$output/rpi-firmware" "$output/Image"
}

# finish shows the end of the log of what failed.
finish() {
	status=$?
	rm -rf "$work"
	if [ "$status" -ne 0 ]; then
		tail -n 20 "$output/log" >&3
		echo "image: version $version ($fault) failed" >&3
	fi
}

rm -rf "$output"
mkdir -p "$output"
work=$(mktemp -d)
root=$work/root
BUILD_DIR=$work
export BUILD_DIR
exec 3>&2 >"$output/log" 2>&1
trap finish EXIT
trap 'exit 1' HUP INT TERM
install_packages
"$common/post-build.sh" "$root" "$board"
install_lab
install_fault
pack
images
