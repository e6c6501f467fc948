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

# The small libvpx comes before the one that pkg-config knows.
arch=$(go env GOARCH)
if scripts/libvpx.sh "$arch"; then
	libvpx=$PWD/build/libvpx-$arch
	CGO_CPPFLAGS="-I$libvpx/include ${CGO_CPPFLAGS:-}"
	CGO_LDFLAGS="-L$libvpx ${CGO_LDFLAGS:--O2 -g}"
	export CGO_CPPFLAGS CGO_LDFLAGS
else
	echo "build: linking the system's libvpx; the file will be 0.8 MB larger" >&2
fi
# The C libraries (libopus, libvpx, openh264) come in as archives. netgo and
# osusergo keep the resolver and user database in Go: their C versions load
# shared objects at run time even in a static file.
tags=netgo,osusergo

# What follows keeps the file small; it does the same without. The control
# socket and the handset page speak HTTP/1.1.
tags=$tags,nethttpomithttp2
ldflags="-s -w -buildid= -funcalign=16 -X main.version=$version -X main.commit=$commit"
extldflags="-static -Wl,--gc-sections"
# Inlining is for the packages that every packet or frame goes through; the
# rest (TLS, XML, SDP, configuration) is smaller without. The last pattern that
# matches a package wins.
hot="runtime internal/runtime/... sync/... bytes encoding/binary math/bits crypto/cipher
	crypto/internal/fips140/aes/... github.com/pion/srtp/... github.com/pion/rtp/...
	github.com/pion/interceptor/... github.com/pion/mediadevices/...
	github.com/intercomd/intercomd/media/... github.com/intercomd/intercomd/hw/..."
set -- -gcflags=all=-l
for pattern in $hot; do
	set -- "$@" "-gcflags=$pattern="
done

# Always a new file: go does not see that an archive has changed, and would keep
# the old one. In one step: what runs beside this finds the old or the new.
rm -f "$output.new"
CGO_ENABLED=1 go build \
	-trimpath -buildvcs=false -tags "$tags" "$@" \
	-ldflags "$ldflags -linkmode external -extldflags '$extldflags'" \
	-o "$output.new" "$package"
mv "$output.new" "$output"
echo "$output $version"
