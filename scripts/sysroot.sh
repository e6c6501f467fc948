#!/bin/sh
# Makes build/sysroot-arm64: the C libraries of intercomd for arm64, from Debian
# packages of this machine's own release. dpkg's list of architectures and the
# system's apt state stay as they are. Does nothing when the sysroot is complete.
#
# usage: scripts/sysroot.sh
set -eu
cd "$(dirname "$0")/.."

packages="libopus-dev libvpx-dev libjpeg62-turbo-dev"
sysroot=$PWD/build/sysroot-arm64
state=$PWD/build/apt-arm64
stamp=$sysroot/.packages

if [ "$(cat "$stamp" 2>/dev/null)" = "$packages" ]; then
	exit 0
fi

rm -rf "$sysroot"
mkdir -p "$sysroot" "$state/lists/partial" "$state/cache/archives/partial" "$state/deb"

# apt with a state of its own: it knows one architecture and no installed package.
private_apt() {
	apt-get -qq \
		-o APT::Architecture=arm64 -o APT::Architectures=arm64 \
		-o APT::Sandbox::User="$(id -un)" \
		-o Dir::State="$state" -o Dir::State::Lists="$state/lists" \
		-o Dir::State::status=/dev/null -o Dir::Cache="$state/cache" \
		"$@"
}

echo "sysroot: fetching $packages for arm64"
private_apt update
# shellcheck disable=SC2086 # a list of words
(cd "$state/deb" && rm -f ./*.deb && private_apt download $packages)
for deb in "$state"/deb/*.deb; do
	dpkg-deb -x "$deb" "$sysroot"
done
rm -rf "$state"
echo "$packages" >"$stamp"
