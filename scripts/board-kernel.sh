#!/usr/bin/env bash
# Prints the folder of the virtual board's kernel (vmlinuz, release, mods/*.ko),
# the first of these:
#
#   $BOARD_KERNEL                       if set
#   ../*/board/kernels/small-arm64      a kernel kept beside the checkout
#   ${XDG_CACHE_HOME:-~/.cache}/intercomd/board-kernel/HASH
#                                       built here from Debian's linux-source-6.1
#
# HASH covers e2e/board/kernel and this script: a change builds another kernel.
# Building takes about 6 minutes on two cores, 140 MB of downloads and 2 GB of
# disk; what it needs is installed (scripts/setup.sh kernel).
#
# usage: scripts/board-kernel.sh [--build]      (--build: take none that is kept)
set -euo pipefail
cd "$(dirname "$0")/.."

definition=$PWD/e2e/board/kernel
export ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-

if [ "${1:-}" != --build ]; then
	for kept in "${BOARD_KERNEL:-}" ../*/board/kernels/small-arm64; do
		if [ -f "$kept/vmlinuz" ]; then
			realpath "$kept"
			exit 0
		fi
	done
	if [ -n "${BOARD_KERNEL:-}" ]; then
		echo "board-kernel: no vmlinuz in BOARD_KERNEL=$BOARD_KERNEL" >&2
		exit 1
	fi
fi

hash=$(find "$definition" scripts/board-kernel.sh -type f -print0 | LC_ALL=C sort -z | xargs -0 cat | sha256sum | cut -c1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/intercomd/board-kernel
result=$cache/$hash
if [ -f "$result/vmlinuz" ]; then
	echo "$result"
	exit 0
fi

scripts/setup.sh kernel >&2
work=$cache/work
log=$work/build.log
mkdir -p "$work"
say() { echo "board-kernel: $*" >&2; }

# run COMMAND…: with its output in the log, whose end is shown when it fails.
run() {
	if ! "$@" >>"$log" 2>&1; then
		tail -n 30 "$log" >&2
		say "failed: $*"
		exit 1
	fi
}

source_package() {
	say "fetching linux-source-6.1"
	(cd "$work" && run apt-get -o APT::Sandbox::User="$(id -un)" download linux-source-6.1)
	run dpkg-deb -x "$work"/linux-source-6.1_*.deb "$work/deb"
	run tar -C "$work" -xf "$work/deb/usr/src/linux-source-6.1.tar.xz"
}

configure() {
	run make -s -C "$source" O="$out" tinyconfig
	(cd "$source" && run scripts/kconfig/merge_config.sh -m -O "$out" "$out/.config" "$definition/board.config")
	run make -s -C "$source" O="$out" olddefconfig
}

# The encoder is made from the kernel's own vicodec driver.
encoder() {
	module=$work/vh264
	vicodec=$source/drivers/media/test-drivers/vicodec
	rm -rf "$module"
	cp -r "$definition/vh264" "$module"
	cp "$vicodec"/codec-fwht.[ch] "$vicodec"/codec-v4l2-fwht.[ch] "$module"
	run python3 "$module/make_vh264.py" "$vicodec/vicodec-core.c" "$module/vh264-core.c"
	run make -C "$out" M="$module" modules
}

# modules_of FILE…: these, and the files of all that they need.
modules_of() {
	local file need
	for file in "$@"; do
		echo "$file"
		for need in $(modinfo -F depends "$file" | tr , ' '); do
			modules_of "$(find "$out" -name '*.ko' | grep -E "/${need//_/[-_]}\.ko$")"
		done
	done
}

collect() {
	staged=$result.$$
	rm -rf "$staged"
	mkdir -p "$staged/mods"
	cp "$out/arch/arm64/boot/Image" "$staged/vmlinuz"
	cp "$out/include/config/kernel.release" "$staged/release"
	mapfile -t wanted < <(find "$out" -name '*.ko')
	modules_of "${wanted[@]}" "$module/vh264.ko" | sort -u | xargs cp -t "$staged/mods"
	"${CROSS_COMPILE}strip" --strip-debug "$staged"/mods/*.ko
	mv "$staged" "$result"
}

source=$work/linux-source-6.1
out=$work/out
mkdir -p "$out"
: >"$log"
[ -f "$source/Makefile" ] || source_package
say "configuring"
configure
say "compiling (log: $log)"
run make -C "$source" O="$out" -j"$(nproc)" Image modules
encoder
collect
rm -rf "$work"
echo "$result"
