#!/bin/sh
# Runs the Go tool for arm64 with cgo: compiler, headers and libraries of the
# sysroot. Pass -ldflags '-linkmode external -extldflags -static' for a program
# that runs on the virtual board.
#
# usage: scripts/board-go.sh COMMAND [ARGUMENT…]
set -eu
cd "$(dirname "$0")/.."

scripts/sysroot.sh >&2
sysroot=$PWD/build/sysroot-arm64
lib=$sysroot/usr/lib/aarch64-linux-gnu
export CGO_ENABLED=1 GOOS=linux GOARCH=arm64
export CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++
export CGO_CFLAGS="-O2 -g -I$sysroot/usr/include -I$sysroot/usr/include/aarch64-linux-gnu"
export CGO_LDFLAGS="-O2 -g -L$lib"
export PKG_CONFIG_PATH='' PKG_CONFIG_LIBDIR="$lib/pkgconfig:$sysroot/usr/share/pkgconfig"
export PKG_CONFIG_SYSROOT_DIR="$sysroot"
exec go "$@"
