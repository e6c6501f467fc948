#!/bin/sh
# Builds one static intercomd for the architecture of this machine.
#
# usage: scripts/build.sh [OUTPUT]          (default bin/intercomd)
#
# MAIN_PKG  package to build, default ./cmd/intercomd
# VERSION   what `intercomd version` prints, default from git
#
# The Go environment (GOARCH, CC, CXX, CGO_CFLAGS, PKG_CONFIG_LIBDIR, …) is taken
# as it is, so that scripts/cross.sh can set it.
set -eu
cd "$(dirname "$0")/.."

output=${1:-bin/intercomd}
package=${MAIN_PKG:-./cmd/intercomd}
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo unknown)}

commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)

mkdir -p "$(dirname "$output")"
# nethttpomithttp2 and --gc-sections keep the file small: the control socket and
# the handset page speak HTTP/1.1. The C libraries (libopus, libvpx, openh264) come in as archives. netgo and
# osusergo keep the resolver and user database in Go: their C versions load
# shared objects at run time even in a static file.
CGO_ENABLED=1 go build \
	-trimpath -buildvcs=false -tags netgo,osusergo,nethttpomithttp2 \
	-ldflags "-s -w -linkmode external -extldflags '-static -Wl,--gc-sections' -X main.version=$version -X main.commit=$commit" \
	-o "$output" "$package"
echo "$output $version"
