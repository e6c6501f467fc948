#!/bin/sh
# Puts a release into dist/: the static programs, Debian packages, SBOMs, the
# licenses of third parties, the schema of the configuration, manual pages, and
# SHA256SUMS over all of it. The same commit gives the same bytes in any folder,
# with the same Go, compilers and libraries.
#
# usage: scripts/release.sh
#
# VERSION            of the release, default from git
# SOURCE_DATE_EPOCH  time of all files, default that of the commit
#
# Needs what `scripts/setup.sh build cross` installs, and jq. Signs nothing: whoever
# has the key signs SHA256SUMS.
set -eu
cd "$(dirname "$0")/.."

VERSION=${VERSION:-$(git describe --tags --always --dirty)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export VERSION SOURCE_DATE_EPOCH
# What was there before is no part of this release.
work=$PWD/dist.new
trap 'rm -rf "$work"' EXIT

fail() {
	echo "release: $*" >&2
	exit 1
}

add() {
	install -m "$1" "$2" "$work/$3"
}

# program ARCH RUNNER…: the program for an architecture says the right version, and
# that it has the right licenses in it.
program() {
	arch=$1
	shift
	add 755 "bin/intercomd-linux-$arch" "intercomd-$VERSION-linux-$arch"
	said=$("$@" "bin/intercomd-linux-$arch" version)
	case $said in
	"intercomd $VERSION "*"linux/$arch)") ;;
	*) fail "the program for $arch says $said" ;;
	esac
	"$@" "bin/intercomd-linux-$arch" licenses >"$work/LICENSES.$arch"
	scripts/sbom.sh "$arch" "$work/intercomd-$VERSION-linux-$arch.cdx.json"
}

# files_of ARCH: the names in its package.
files_of() {
	dpkg-deb --fsys-tarfile "$work"/intercomd_*_"$1".deb | tar -t
}

check_packages() {
	for arch in amd64 arm64; do
		is=$(dpkg-deb --field "$work"/intercomd_*_"$arch".deb Architecture)
		[ "$is" = "$arch" ] || fail "the package for $arch is for $is"
	done
	[ "$(files_of amd64)" = "$(files_of arm64)" ] || fail "the packages have different files"
}

rm -rf "$work"
mkdir "$work"
umask 022
scripts/fetch-sdk.sh
scripts/cross.sh amd64 arm64
program amd64 env
program arm64 qemu-aarch64-static
cmp "$work/LICENSES.amd64" "$work/LICENSES.arm64" || fail "the programs have different licenses in them"
mv "$work/LICENSES.amd64" "$work/LICENSES.txt"
rm "$work/LICENSES.arm64"
DIST=$work scripts/deb.sh amd64 arm64
check_packages
add 644 packaging/intercom.schema.json intercom.schema.json
add 644 packaging/man/intercomd.1 intercomd.1
add 644 packaging/man/intercomd.yaml.5 intercomd.yaml.5
add 644 CHANGELOG.md CHANGELOG.md
sums=$(cd "$work" && LC_ALL=C sha256sum -- *)
printf '%s\n' "$sums" >"$work/SHA256SUMS"
find "$work" -exec touch --date="@$SOURCE_DATE_EPOCH" {} +
rm -rf dist
mv "$work" dist
trap - EXIT
cat dist/SHA256SUMS
echo "release: $VERSION is in dist/, unsigned"
