#!/bin/sh
# Signs an update bundle from the images of a board.
#
# usage: BOARD=rpi4 CERT=signer.pem KEY=signer.key scripts/bundle.sh
#
# BOARD         rpi4, rpi3, rpizero2w or rpi5
# IMAGES        folder with rootfs.squashfs and boot.vfat, default
#               build/image-BOARD/images
# CERT          certificate that signs, PEM; its purpose must be code signing
# KEY           its key: a PEM file or a pkcs11: URI
# INTERMEDIATE  certificates between CERT and the root, PEM (optional)
# KEYRING       what the boards in the field trust, PEM; default the keyring of
#               the image itself. While roots change hands, name the old one.
# BUNDLE        result, default IMAGES/intercom-BOARD-VERSION.raucb
#
# Board and version are those of the image. The certificate is checked before
# it signs, the bundle afterwards, as a board does it.
#
# A key that never leaves its hardware: RAUC's PKCS#11 support takes
#   KEY='pkcs11:token=intercom;object=signer'
# with the module in RAUC_PKCS11_MODULE (/usr/lib/softhsm/libsofthsm2.so, say), the
# PIN in RAUC_PKCS11_PIN, and OpenSSL's engine for it (libengine-pkcs11-openssl).
set -eu
cd "$(dirname "$0")/.."

board=${BOARD:-}
cert=${CERT:-}
key=${KEY:-}

fail() {
	echo "bundle: $*" >&2
	exit 1
}

case $board in
rpi4 | rpi3 | rpizero2w | rpi5) ;;
*) fail "BOARD is '$board': one of rpi4, rpi3, rpizero2w, rpi5" ;;
esac
images=${IMAGES:-build/image-$board/images}
root=$images/rootfs.squashfs
[ -s "$root" ] || fail "no $root: IMAGES must be the folder that Buildroot leaves"
[ -n "$cert" ] || fail "CERT is not set: the certificate that signs"
[ -n "$key" ] || fail "KEY is not set: the key of CERT, a PEM file or a pkcs11: URI"
for tool in rauc openssl unsquashfs; do
	command -v "$tool" >/dev/null || fail "$tool is missing"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

from_image() { unsquashfs -cat "$root" "$1" 2>/dev/null; }

from_image usr/lib/os-release >"$work/os-release" || fail "$root holds no usr/lib/os-release"
id=$(sed -n 's/^IMAGE_ID=//p' "$work/os-release")
version=$(sed -n 's/^IMAGE_VERSION=//p' "$work/os-release")
[ "$id" = "intercom-$board" ] || fail "$root is an image of '$id', not of intercom-$board"

keyring=${KEYRING:-}
if [ -z "$keyring" ]; then
	keyring=$work/keyring.pem
	from_image etc/rauc/keyring.pem >"$keyring" || fail "$root holds no etc/rauc/keyring.pem: set KEYRING"
fi

INTERCOM_CERT=$cert INTERCOM_KEY=$key INTERCOM_KEYRING=$keyring INTERCOM_INTERMEDIATE=${INTERMEDIATE:-} \
	INTERCOM_BUNDLE=${BUNDLE:-} packaging/buildroot/board/common/ota/mkbundle.sh "$images" "$board" "$version"
