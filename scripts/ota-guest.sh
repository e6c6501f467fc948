#!/usr/bin/env bash
# Prints the folder of the update lab's guest:
#
#   root/          a root file system of Debian trixie with systemd, D-Bus and
#                  RAUC, still without intercomd and this project's units
#   Image          its kernel, compressed, as the firmware takes it too
#   initramfs.gz   loads the modules for the disk and starts systemd
#
# It is made once and kept as ${XDG_CACHE_HOME:-~/.cache}/intercomd/ota-guest/HASH;
# HASH covers e2e/ota/guest and this script. Packages come with an apt folder of
# its own: no foreign architecture is added to the machine, its apt is not
# touched, and signatures are checked with Debian's keyring. The mirror is that
# of the machine's sources, or OTA_MIRROR. 130 MB of downloads, half a minute.
#
# usage: scripts/ota-guest.sh
set -euo pipefail
cd "$(dirname "$0")/.."

arch=arm64
definition=$PWD/e2e/ota/guest
suite=trixie
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

hash=$(find "$definition" scripts/ota-guest.sh -type f -print0 | LC_ALL=C sort -z | xargs -0 cat | sha256sum | cut -c1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/intercomd/ota-guest
result=$cache/$arch-$hash
if [ -f "$result/complete" ]; then
	echo "$result"
	exit 0
fi

say() { echo "ota-guest: $*" >&2; }

# words FILE: its words, comments left out.
words() { sed 's/#.*//' "$1" | xargs; }

mirror() {
	local found
	found=$(grep -hsE '^(URIs:|deb ).*://[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d/* |
		grep -oE 'https?://[^ ]*/debian' | head -n 1)
	echo "${OTA_MIRROR:-${found:-http://deb.debian.org/debian}}"
}

# private_apt: an apt that knows nothing of this machine's packages.
private_apt() {
	mkdir -p "$apt"/{state/lists/partial,archives/partial,etc}
	: >"$apt/state/status"
	echo "deb [arch=$arch signed-by=$keyring] $(mirror) $suite main" >"$apt/etc/sources.list"
	cat >"$apt/apt.conf" <<-CONF
		Dir::State "$apt/state";
		Dir::State::status "$apt/state/status";
		Dir::Cache "$apt";
		Dir::Etc::sourcelist "$apt/etc/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::parts "/dev/null";
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		APT::Sandbox::User "$(id -un)";
	CONF
	export APT_CONFIG=$apt/apt.conf
}

fetch() {
	local names
	read -ra names <<<"$(words "$definition/packages") linux-image-$arch"
	say "fetching the packages of $suite/$arch"
	{
		apt-get -q update
		rm -f "$apt"/archives/*.deb
		apt-get -q -y --no-install-recommends --download-only install "${names[@]}"
	} >"$work/apt.log" 2>&1 || {
		tail -n 20 "$work/apt.log" >&2
		exit 1
	}
}

unpack() {
	local package
	say "unpacking"
	mkdir -p "$root" "$work/kernel"
	for package in "$apt"/archives/*.deb; do
		case ${package##*/} in
		linux-image-*) dpkg-deb -x "$package" "$work/kernel" ;;
		linux-base_* | initramfs-tools* | klibc-utils_* | libklibc_* | dracut-install_* | perl-base_* | debconf_* | dpkg_* | tar_*) ;;
		*) dpkg-deb -x "$package" "$root" ;;
		esac
	done
	rm -rf "$root"/usr/share/{doc,doc-base,man,locale,info,lintian,bash-completion,zsh,bug,gdb,perl5,polkit-1,debconf}
	rm -rf "$root"/usr/lib/udev/hwdb.d "$root"/usr/share/zoneinfo/{right,posix}
	rm -rf "$root"/etc/{cron.daily,init.d,default} "${root:?}"/boot
}

# What the packages' scripts would have done.
settle() {
	cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
	cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
	# "u!" (a locked account) is newer than the systemd of this machine.
	sed -i 's/^u!/u/' "$root"/usr/lib/sysusers.d/*.conf
	systemd-sysusers --root="$root" >>"$work/settle.log" 2>&1
	ln -sf mawk "$root/usr/bin/awk"
	systemctl --root="$root" set-default multi-user.target >>"$work/settle.log" 2>&1
	mkdir -p "$root"/{dev,proc,sys,run,tmp,data,bootcfg}
	trim
	: >"$root/etc/machine-id"
}

# trim: Debian starts more than a board's image does, and each start costs time
# in an emulated guest.
trim() {
	local unit rules
	rm -rf "$root"/usr/lib/systemd/system/{getty,machines,remote-fs,cryptsetup}.target.wants
	for unit in $(words "$definition/masked"); do
		rm -f "$root"/usr/lib/systemd/system/*.wants/"$unit"
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done
	for rules in "$root"/usr/lib/udev/rules.d/*.rules; do
		case ${rules##*/} in
		50-udev-default.rules | 80-net-setup-link.rules | 99-systemd.rules) ;;
		*) rm "$rules" ;;
		esac
	done
	find "$root/usr/lib/systemd/system-generators" -type f ! -name systemd-fstab-generator -delete
	# As Buildroot does for a root file system that is read-only.
	cat >"$root/usr/lib/systemd/system/var.mount" <<-UNIT
		[Unit]
		DefaultDependencies=no
		Conflicts=umount.target
		Before=local-fs.target umount.target
		[Mount]
		What=tmpfs
		Where=/var
		Type=tmpfs
	UNIT
	ln -sf ../var.mount "$root/usr/lib/systemd/system/local-fs.target.wants/var.mount"
}

# needs MODULE…: their files below the kernel's modules and those of all that
# they need, in the order in which insmod wants them. What is built in is left
# out.
needs() {
	local module
	for module in "$@"; do
		modprobe -d "$work/kernel" -S "$release" --show-depends "$module" |
			awk '$1 == "insmod" {print $2}'
	done | awk '!seen[$0]++'
}

modules() {
	local tree file all
	release=$(basename "$work"/kernel/usr/lib/modules/*)
	[ -e "$work/kernel/lib" ] || ln -s usr/lib "$work/kernel/lib"
	depmod -b "$work/kernel" "$release"
	tree=$root/usr/lib/modules/$release
	mkdir -p "$tree" "$initramfs/modules"
	cp "$work/kernel/usr/lib/modules/$release"/modules.{order,builtin,builtin.modinfo} "$tree"
	read -ra all <<<"$(words "$definition/modules")"
	for file in $(needs "${all[@]}"); do
		mkdir -p "$tree/kernel"
		xz -dc "$file" >"$tree/kernel/$(basename "$file" .xz)"
	done
	depmod -b "$root" "$release"
	read -ra all <<<"$(sed '/^#/d;/^$/,$d' "$definition/modules" | xargs)"
	for file in $(needs "${all[@]}"); do
		xz -dc "$file" >"$initramfs/modules/$(basename "$file" .xz)"
		basename "$file" .xz >>"$initramfs/modules/order"
	done
}

initramfs() {
	mkdir -p "$initramfs/bin"
	cp "$root/usr/bin/busybox" "$initramfs/bin/"
	install -m 0755 "$definition/init" "$initramfs/init"
	(cd "$initramfs" && find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0 --reproducible) | gzip -9n >"$staged/initramfs.gz"
	gzip -9nc "$work"/kernel/boot/vmlinuz-* >"$staged/Image"
}

staged=$result.$$
work=$cache/work.$$
root=$staged/root
initramfs=$work/initramfs
apt=$cache/apt-$arch
trap 'rm -rf "$staged" "$work"' EXIT
mkdir -p "$work" "$staged"
private_apt
fetch
unpack
settle
modules
initramfs
touch "$staged/complete"
rm -rf "$result"
mv "$staged" "$result"
say "made $(du -sh "$result" | cut -f1)"
echo "$result"
