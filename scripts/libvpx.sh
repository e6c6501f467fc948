#!/bin/sh
# Makes build/libvpx-ARCH (include/, libvpx.a): libvpx with nothing in it but
# the VP8 encoder for real time, 0.8 MB less of it in the binary than
# Debian's library. The source is Debian's own package, with its patches, of this
# machine's release. Does nothing when the library is there already.
#
# usage: scripts/libvpx.sh [amd64|arm64]      (default: this machine's)
#
# Needs what `scripts/setup.sh build` installs, for another architecture
# `scripts/setup.sh cross`.
set -eu
cd "$(dirname "$0")/.."

# libvpx's assembler for x86-64 wants nasm; the one for arm64 is the compiler's.
options="--disable-vp9 --disable-vp8-decoder --disable-postproc --enable-realtime-only
	--disable-temporal-denoising --enable-runtime-cpu-detect --enable-static --disable-shared
	--disable-examples --disable-tools --disable-docs --disable-unit-tests
	--disable-webm-io --disable-libyuv --disable-dependency-tracking --as=nasm"
cflags="-O2 -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables"

fail() {
	echo "libvpx: $*" >&2
	exit 1
}

machine=$(dpkg --print-architecture 2>/dev/null) || fail "no dpkg here: this is no Debian"
arch=${1:-$machine}
case $arch in
amd64) target=x86_64-linux-gcc triplet=x86_64-linux-gnu ;;
arm64) target=arm64-linux-gcc triplet=aarch64-linux-gnu ;;
*) fail "no build for $arch: one of amd64, arm64" ;;
esac

# Another system package means another source: a security update, say.
system=$(dpkg-query -W -f '${source:Version}' libvpx-dev 2>/dev/null || true)
stamp="$system $target $options $cflags"
result=$PWD/build/libvpx-$arch
if [ "$(cat "$result/.stamp" 2>/dev/null)" = "$stamp" ]; then
	exit 0
fi

mkdir -p build
work=$(mktemp -d "$PWD/build/.libvpx-$arch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# apt with a state of its own and this machine's sources, read as sources of
# source packages. It checks signatures and hashes as it always does.
private_apt() {
	apt-get -qq \
		-o APT::Sandbox::User="$(id -un)" \
		-o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
		-o Dir::State="$work/state" -o Dir::State::Lists="$work/state/lists" \
		-o Dir::State::status=/dev/null -o Dir::Cache="$work/cache" \
		-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/sources" \
		"$@"
}

# list_sources: the machine's sources with deb-src for deb, in both formats of
# sources.list(5).
list_sources() {
	mkdir -p "$work/sources" "$work/state/lists/partial" "$work/cache/archives/partial"
	for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
		[ -r "$list" ] || continue
		copy=$work/sources/$(basename "$list")
		case $list in
		*.list) sed -n 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$list" >"$copy" ;;
		*.sources) sed 's/^[Tt]ypes:.*/Types: deb-src/' "$list" >"$copy" ;;
		esac
	done
}

# A repository of somebody else may offer no sources, so an update that failed
# is no reason to stop; a libvpx that does not come is.
fetch() {
	echo "libvpx: fetching Debian's source package"
	list_sources
	private_apt update 2>"$work/apt.log" || true
	(cd "$work" && private_apt source libvpx >source.log 2>>apt.log && mv libvpx-*/ source) || {
		cat "$work/apt.log" >&2
		fail "apt could not bring the source package of libvpx: no network, or a mirror without sources"
	}
}

compile() {
	echo "libvpx: building the VP8 encoder for $arch"
	cross=""
	if [ "$arch" != "$machine" ]; then cross=$triplet-; fi
	mkdir "$work/build"
	(
		cd "$work/build"
		# shellcheck disable=SC2086 # a list of words
		CROSS=$cross CFLAGS=$cflags ../source/configure --target="$target" $options &&
			nice make -j"$(nproc)" libvpx.a
	) >"$work/build.log" 2>&1 || {
		tail -n 20 "$work/build.log" >&2
		fail "libvpx does not build for $arch"
	}
}

keep() {
	mkdir -p "$work/result/include/vpx"
	cp "$work/build/libvpx.a" "$work/result/"
	cp "$work"/source/vpx/*.h "$work/result/include/vpx/"
	echo "$stamp" >"$work/result/.stamp"
	rm -rf "$result"
	mv "$work/result" "$result"
}

fetch
compile
keep
