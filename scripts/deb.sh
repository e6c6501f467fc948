#!/bin/sh
# Makes dist/intercomd_VERSION_ARCH.deb of the binaries that scripts/cross.sh
# left in bin/: the same bytes from the same commit, in whatever folder.
#
# usage: scripts/deb.sh [ARCH…]             (default amd64 arm64)
#
# VERSION            of the package, default from git
# SOURCE_DATE_EPOCH  time of all files in it, default that of the commit
# BINARIES           folder with intercomd-linux-ARCH, default bin
# DIST               where the packages go, default dist
set -eu
cd "$(dirname "$0")/.."

binaries=${BINARIES:-bin}
dist=${DIST:-dist}
maintainer=$(sed -n 's/^maintainer: //p' packaging/deb/nfpm.yaml.in)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

# debian_version VERSION: as dpkg orders it. 1.2.0-rc1 comes before 1.2.0, so it
# is 1.2.0~rc1; what git says of commits after a tag comes behind it.
debian_version() {
	case $1 in
	v[0-9]*.*) debian_version "${1#v}" ;;
	[0-9]*.*) echo "$1" | sed -E 's/-dirty$/+dirty/; s/-([0-9]+)-g/+\1.g/; s/-/~/g' ;;
	*) echo "0~git$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d).$1" | sed 's/-/+/g' ;;
	esac
}

# stage ARCH FOLDER: all files of the package that have no place of their own.
stage() {
	rm -rf "$2"
	mkdir -p "$2"
	cp "$binaries/intercomd-linux-$1" "$2/intercomd"
	gzip -9n <packaging/man/intercomd.1 >"$2/intercomd.1.gz"
	gzip -9n <packaging/man/intercomd.yaml.5 >"$2/intercomd.yaml.5.gz"
	gzip -9n <packaging/intercom.schema.json >"$2/intercom.schema.json.gz"
	awk -v version="$version" -v date="$(date -u -R -d "@$SOURCE_DATE_EPOCH")" -v maintainer="$maintainer" \
		-f packaging/deb/changelog.awk CHANGELOG.md | gzip -9n >"$2/changelog.gz"
	write_copyright >"$2/copyright"
	VERSION=$version scripts/sbom.sh "$1" "$2/sbom.cdx.json"
	gzip -9n "$2/sbom.cdx.json"
}

# The second paragraph of the licenses is the table of parts.
write_copyright() {
	while IFS= read -r line; do
		if [ "$line" = @TABLE@ ]; then
			zcat cmd/intercomd/cmd_licenses.txt.gz | awk -v RS= 'NR == 2' | sed 's/^/ /'
		else
			printf '%s\n' "$line"
		fi
	done <packaging/deb/copyright.in
}

# pack ARCH FOLDER
pack() {
	mtime=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
	sed -e "s|@ARCH@|$1|; s|@VERSION@|$version|; s|@MTIME@|$mtime|; s|@STAGE@|$2|" \
		packaging/deb/nfpm.yaml.in >"$2/nfpm.yaml"
	build/tools/nfpm package --config "$2/nfpm.yaml" --packager deb \
		--target "$dist/intercomd_${version}_$1.deb" >/dev/null
	(cd "$dist" && sha256sum "intercomd_${version}_$1.deb")
}

[ $# -gt 0 ] || set -- amd64 arm64
version=$(debian_version "${VERSION:-$(git describe --tags --always --dirty)}")
mkdir -p "$dist"
umask 022
go build -C packaging/deb/tools -trimpath -o "$PWD/build/tools/" github.com/goreleaser/nfpm/v2/cmd/nfpm
for arch in "$@"; do
	stage "$arch" "build/deb/$arch"
	pack "$arch" "build/deb/$arch"
done
