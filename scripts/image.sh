#!/bin/sh
# Builds the card image of a board with a Buildroot that is on this machine.
# Nothing of Buildroot is fetched by this script; Buildroot itself downloads the
# sources of what goes into the image.
#
# usage: BOARD=rpi4 BUILDROOT=/path/to/buildroot scripts/image.sh
#
# BOARD             rpi4, rpi3, rpizero2w or rpi5
# BUILDROOT         a Buildroot 2026.05 tree
# VERSION           version of the image, 1.2.3; default 0.0.0-dev
# INTERCOM_KEYRING  certificates whose bundles the boards will install, PEM. For
#                   trying out: `scripts/pki.sh build/pki` makes some, and the
#                   image says VARIANT_ID=development in /etc/os-release. Such a
#                   keyring is refused for a version without -suffix.
# PROSODY=y         with an XMPP server
# CONFIGURE_ONLY=y  stop before building
#
# Result: build/image-BOARD/images/sdcard.img, and rootfs.squashfs and boot.vfat
# for scripts/bundle.sh.
set -eu
cd "$(dirname "$0")/.."

board=${BOARD:-}
buildroot=${BUILDROOT:-}
version=${VERSION:-0.0.0-dev}
keyring=${INTERCOM_KEYRING:-}
prosody=${PROSODY:-}
configure_only=${CONFIGURE_ONLY:-}
tree=$PWD/packaging/buildroot
source=$PWD/build/image-source
release=2026.05

fail() {
	echo "image: $*" >&2
	exit 1
}

check_inputs() {
	case $board in
	rpi4 | rpi3 | rpizero2w | rpi5) ;;
	*) fail "BOARD is '$board': one of rpi4, rpi3, rpizero2w, rpi5" ;;
	esac
	[ -n "$buildroot" ] || fail "BUILDROOT is not set: the folder of a Buildroot $release tree"
	[ -f "$buildroot/Makefile" ] || fail "BUILDROOT=$buildroot holds no Buildroot: there is no Makefile"
	buildroot=$(realpath "$buildroot")
	found=$(sed -n 's/^export BR2_VERSION := //p' "$buildroot/Makefile")
	case $found in
	"$release" | "$release".*) ;;
	*) fail "$buildroot is Buildroot '$found': the configurations are for $release" ;;
	esac
	case $PWD$buildroot in
	*[[:space:]]*) fail "Buildroot cannot work in folders with spaces in their names" ;;
	esac
	echo "$version" | grep -Eq '^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$' ||
		fail "VERSION '$version' must look like 1.2.3 or 1.2.3-rc.1"
	command -v go >/dev/null || fail "go is missing: it collects the modules of intercomd"
}

# check_keyring: a development key in a release would let anybody who has the
# project's folder of one developer update all boards.
check_keyring() {
	[ -n "$keyring" ] || fail "INTERCOM_KEYRING is not set: whose updates may the board install? For trying out: scripts/pki.sh build/pki && INTERCOM_KEYRING=build/pki/keyring.pem"
	keyring=$(realpath "$keyring")
	openssl x509 -in "$keyring" -noout 2>/dev/null || fail "INTERCOM_KEYRING=$keyring holds no certificate"
	# All of them: a second one is trusted as much as the first.
	subjects=$(openssl crl2pkcs7 -nocrl -certfile "$keyring" | openssl pkcs7 -print_certs -noout) ||
		fail "INTERCOM_KEYRING=$keyring cannot be read"
	case $subjects in
	*[Dd]evelopment*)
		case $version in
		*-*) ;;
		*) fail "$keyring holds development keys, and $version is a release: use the fleet's keyring, or a version such as $version-dev" ;;
		esac
		;;
	esac
}

# list_files prints the project's files, each ended by a NUL: what git knows and
# what it does not ignore, or all but results.
list_files() {
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files -z --cached --others --exclude-standard
	else
		find . \( -path ./build -o -path ./bin -o -path ./dist -o -path ./vendor \) -prune -o -type f -print0
	fi
}

# collect_source copies the project and adds its modules, as Buildroot builds Go
# programs from vendor/ and without network. `go mod vendor` leaves out folders
# without Go files: the archive and headers of OpenH264 are in such.
collect_source() {
	rm -rf "$source"
	mkdir -p "$source"
	list_files | tar --null --ignore-failed-read -T - -cf - 2>/dev/null | tar -xf - -C "$source"
	(cd "$source" && GOFLAGS=-mod=mod go mod vendor) || fail "the modules of intercomd could not be collected"
	openh264=pkg/codec/openh264
	module=$(go list -m -f '{{.Dir}}' github.com/pion/mediadevices)
	to=$source/vendor/github.com/pion/mediadevices/$openh264
	mkdir -p "$to/lib"
	cp "$module/$openh264/lib/libopenh264-linux-arm64.a" "$to/lib/"
	cp -R "$module/$openh264/include" "$to/"
	chmod -R u+w "$source"
}

# buildroot_make calls Buildroot as if nobody had called this by make: variables
# given to make (VERSION=, BOARD=) would reach the makefiles of all packages.
buildroot_make() {
	env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL -u BOARD -u VERSION -u PROSODY \
		INTERCOM_VERSION="$version" INTERCOM_COMMIT="$commit" INTERCOM_KEYRING="$keyring" \
		INTERCOMD_SOURCE_DIR="$source" SOURCE_DATE_EPOCH="$epoch" \
		make -C "$buildroot" O="$output" BR2_EXTERNAL="$tree" "$@"
}

# configure makes the board's configuration. Kconfig drops what it does not know
# without a word, so each line is looked for afterwards.
configure() {
	cp "$tree/configs/intercomd_${board}_defconfig" "$output/defconfig"
	if [ -n "$prosody" ]; then cat "$tree/configs/prosody.fragment" >>"$output/defconfig"; fi
	buildroot_make -s defconfig BR2_DEFCONFIG="$output/defconfig" >"$output/configure.log" 2>&1 ||
		{ tail -n 20 "$output/configure.log" >&2 && fail "Buildroot refuses the configuration"; }
	lost=$(grep -E '^(BR2_|# BR2_.* is not set)' "$output/defconfig" | grep -vxF -f "$output/.config" || true)
	[ -z "$lost" ] || fail "this Buildroot does not know: $lost"
}

check_inputs
check_keyring
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
output=$PWD/build/image-$board
mkdir -p "$output"
configure
collect_source
echo "image: $board $version: configuration in build/image-$board/.config, source in build/image-source"
if [ -n "$configure_only" ]; then exit 0; fi
if [ -d "$output/build" ]; then buildroot_make -s intercomd-dirclean; fi
buildroot_make
echo "image: build/image-$board/images/sdcard.img"
