#!/bin/sh
# Leaves Debian's static busybox for arm64 in build/board/busybox-arm64 and prints
# its path. dpkg's list of architectures and the system's apt state stay as they
# are. Does nothing when it is there.
#
# usage: scripts/board-busybox.sh
set -eu
cd "$(dirname "$0")/.."

output=$PWD/build/board/busybox-arm64
if [ ! -x "$output" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$PWD/build/board"
	# apt with a state of its own: it knows one architecture and no installed package.
	private_apt() {
		apt-get -qq \
			-o APT::Architecture=arm64 -o APT::Architectures=arm64 \
			-o APT::Sandbox::User="$(id -un)" \
			-o Dir::State="$work" -o Dir::State::Lists="$work/lists" \
			-o Dir::State::status=/dev/null -o Dir::Cache="$work/cache" \
			"$@"
	}
	echo "board: fetching busybox-static for arm64" >&2
	private_apt update >&2
	(cd "$work" && private_apt download busybox-static >&2)
	dpkg-deb -x "$work"/busybox-static_*.deb "$work/files"
	# In one step: what runs beside this finds nothing or all of it.
	install -m 755 "$work/files/bin/busybox" "$output.$$"
	mv "$output.$$" "$output"
fi
echo "$output"
