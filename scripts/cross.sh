#!/bin/sh
# Leaves bin/intercomd-linux-ARCH for amd64 and arm64, static and stripped, and
# checks them.
#
# usage: scripts/cross.sh [ARCH…]           (default amd64 arm64)
#
# MAIN_PKG and VERSION as in scripts/build.sh. Needs an amd64 Debian machine with
# what `scripts/setup.sh build cross` installs.
set -eu
cd "$(dirname "$0")/.."

too_big=""

# arm64 is what boards store and download. The file for amd64 has several
# versions of the codecs' vector code, for the processors it may meet.
max_bytes() {
	case $1 in
	arm64) echo $((18 * 1024 * 1024)) ;;
	*) echo $((20 * 1024 * 1024)) ;;
	esac
}

fail() {
	echo "cross: $*" >&2
	exit 1
}

build_amd64() {
	GOOS=linux GOARCH=amd64 scripts/build.sh bin/intercomd-linux-amd64
}

build_arm64() {
	scripts/sysroot.sh
	sysroot=$PWD/build/sysroot-arm64
	lib=$sysroot/usr/lib/aarch64-linux-gnu
	GOOS=linux GOARCH=arm64 \
		CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ \
		CGO_CFLAGS="-O2 -g -I$sysroot/usr/include -I$sysroot/usr/include/aarch64-linux-gnu" \
		CGO_LDFLAGS="-O2 -g -L$lib" \
		PKG_CONFIG_PATH='' PKG_CONFIG_LIBDIR="$lib/pkgconfig:$sysroot/usr/share/pkgconfig" \
		PKG_CONFIG_SYSROOT_DIR="$sysroot" \
		scripts/build.sh bin/intercomd-linux-arm64
}

# check ARCH MACHINE: the file is for the machine, static, stripped and small.
check() {
	max=$(max_bytes "$1")
	set -- "bin/intercomd-linux-$1" "$2"
	kind=$(file -b "$1")
	bytes=$(stat -c %s "$1")
	echo "$1: $kind"
	echo "$1: $bytes bytes, at most $max"
	case $kind in *"$2"*) ;; *) fail "$1 is not for $2" ;; esac
	case $kind in *"statically linked"*) ;; *) fail "$1 is not static" ;; esac
	case $kind in *"not stripped"*) fail "$1 is not stripped" ;; esac
	if ldd "$1" >/dev/null 2>&1; then
		fail "$1 needs shared libraries: $(ldd "$1")"
	fi
	if [ "$bytes" -gt "$max" ]; then
		too_big="$too_big $1"
	fi
}

[ "$(uname -m)" = x86_64 ] || fail "this machine is $(uname -m); cross building needs x86_64"
[ $# -gt 0 ] || set -- amd64 arm64
for arch in "$@"; do
	case $arch in
	amd64)
		build_amd64
		check amd64 x86-64
		bin/intercomd-linux-amd64 version
		;;
	arm64)
		build_arm64
		check arm64 aarch64
		qemu-aarch64-static bin/intercomd-linux-arm64 version
		;;
	*) fail "unknown architecture $arch: one of amd64, arm64" ;;
	esac
done
[ -z "$too_big" ] || fail "too big:$too_big"
