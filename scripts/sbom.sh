#!/bin/sh
# Writes the SBOM of the program for one architecture, CycloneDX in JSON: the Go
# modules by cyclonedx-gomod, and the C libraries that are linked, with the
# versions of this machine's packages.
#
# usage: scripts/sbom.sh ARCH OUTPUT
#
# VERSION            of the program, default from git
# SOURCE_DATE_EPOCH  the time in it, default that of the commit
set -eu
cd "$(dirname "$0")/.."

arch=$1
output=$2
version=${VERSION:-$(git describe --tags --always --dirty)}
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

fail() {
	echo "sbom: $*" >&2
	exit 1
}

# What is linked for the other architecture comes from a folder of its own, but
# from the same release: scripts/sysroot.sh.
package_version() {
	dpkg-query -W -f '${Version}' "$1" 2>/dev/null || fail "no package $1: scripts/setup.sh build"
}

# pc_version NAME: what pkg-config would say for the architecture.
pc_version() {
	case $arch in
	amd64) pkg-config --modversion "$1" ;;
	arm64)
		pc=build/sysroot-arm64/usr/lib/aarch64-linux-gnu/pkgconfig/$1.pc
		[ -f "$pc" ] || fail "no $pc: scripts/sysroot.sh"
		sed -n 's/^Version: *//p' "$pc"
		;;
	*) fail "unknown architecture $arch: one of amd64, arm64" ;;
	esac
}

# component NAME VERSION LICENSE PURL
component() {
	jq -n --arg name "$1" --arg version "$2" --arg license "$3" --arg purl "$4" '{
		"bom-ref": $purl, type: "library", name: $name, version: $version, scope: "required",
		purl: $purl, licenses: [{expression: $license}]}'
}

# debian NAME VERSION LICENSE SOURCE: a library from Debian.
debian() {
	component "$1" "$2" "$3" "pkg:generic/$4@$2?distro=debian"
}

libraries() {
	mediadevices=$(go list -m -f '{{.Dir}}' github.com/pion/mediadevices)
	openh264=$(sed -n 's/^version := v//p' "$mediadevices/pkg/codec/openh264/Makefile")
	component openh264 "$openh264" BSD-2-Clause "pkg:github/cisco/openh264@v$openh264"
	debian libopus "$(pc_version opus)" BSD-3-Clause opus
	debian libjpeg-turbo "$(pc_version libjpeg)" "IJG AND BSD-3-Clause AND Zlib" libjpeg-turbo
	debian libvpx "$(vpx_version)" "BSD-3-Clause AND ISC" libvpx
	debian glibc "$(package_version libc6-dev)" LGPL-2.1-or-later glibc
	debian gcc-runtime "$(package_version gcc)" "GPL-3.0-or-later WITH GCC-exception-3.1" gcc-runtime
	if [ -f web/handset/static/vendor/quickblox.min.js.gz ]; then
		sdk=$(sed -n 's/^version=//p' scripts/fetch-sdk.sh)
		component quickblox "$sdk" LicenseRef-QuickBlox "pkg:npm/quickblox@$sdk"
	fi
}

# The stamp of scripts/libvpx.sh begins with the version of Debian's source.
vpx_version() {
	stamp=build/libvpx-$arch/.stamp
	[ -f "$stamp" ] || fail "no $stamp: scripts/libvpx.sh $arch"
	sed '1s/ .*//;q' "$stamp"
}

command -v jq >/dev/null || fail "no jq in PATH"
go build -C packaging/deb/tools -trimpath -o "$PWD/build/tools/" github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

GOOS=linux GOARCH=$arch CGO_ENABLED=1 GOFLAGS="${GOFLAGS:-} -tags=netgo,osusergo,nethttpomithttp2" \
	build/tools/cyclonedx-gomod app -json -std -licenses -assert-licenses -noserial \
	-main cmd/intercomd -output "$work/modules.json" . 2>"$work/log" || {
	cat "$work/log" >&2
	fail "cyclonedx-gomod failed"
}
libraries >"$work/libraries.json"
time=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)
# The names of tools and machine would make it differ from build to build.
jq -S --slurpfile libraries "$work/libraries.json" --arg time "$time" --arg version "$version" '
	.metadata.timestamp = $time
	| .metadata.component.version = $version
	| .components += $libraries
	| .metadata.component."bom-ref" as $main
	| (.dependencies[] | select(.ref == $main) | .dependsOn) += [$libraries[]."bom-ref"]
' "$work/modules.json" >"$work/sbom.json"
mv "$work/sbom.json" "$output"
echo "sbom: $output, $(jq '.components | length' "$output") components"
