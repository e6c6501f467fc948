#!/bin/sh
# Makes the bundles that a board must refuse, with small images in them.
#
# usage: e2e/ota/bundles.sh PKI OUTPUT
#
#   PKI     folder of scripts/pki.sh --bad
#   OUTPUT  folder for NAME.raucb: downgrade, board, rogue, expired, purpose,
#           payload, signature, truncated
set -eu
cd "$(dirname "$0")/../.."

pki=$1
output=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
rm -rf "$output"
mkdir -p "$output" "$work/images"
for image in rootfs.squashfs boot.vfat; do
	head -c 2097152 /dev/urandom >"$work/images/$image"
done

# good NAME BOARD VERSION: signed as it should be.
good() {
	INTERCOM_CERT=$pki/signer.pem INTERCOM_KEY=$pki/signer.key INTERCOM_KEYRING=$pki/keyring.pem \
		INTERCOM_BUNDLE=$output/$1.raucb \
		packaging/buildroot/board/common/ota/mkbundle.sh "$work/images" "$2" "$3" >/dev/null
}

# bad NAME SIGNER: signed with what mkbundle.sh refuses to sign with.
bad() {
	rm -rf "$work/content"
	mkdir "$work/content"
	cp "$work/images/rootfs.squashfs" "$work/content/rootfs.img"
	cp "$work/images/boot.vfat" "$work/content/boot.vfat"
	cat >"$work/content/manifest.raucm" <<-EOM
		[update]
		compatible=intercom-rpi4
		version=3.0.0
		[bundle]
		format=verity
		[image.rootfs]
		filename=rootfs.img
		[image.boot]
		filename=boot.vfat
	EOM
	rauc --cert="$pki/$2.pem" --key="$pki/$2.key" bundle "$work/content" "$output/$1.raucb" >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		exit 1
	}
}

# overwrite FILE OFFSET: four bytes of it.
overwrite() { printf 'XXXX' | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null; }

good downgrade rpi4 0.9.0
good board rpi5 3.0.0
bad rogue rogue
bad expired expired
bad purpose tls-only
good payload rpi4 3.0.0
size=$(stat -c %s "$output/payload.raucb")
cp "$output/payload.raucb" "$output/signature.raucb"
head -c $((size - 100000)) "$output/payload.raucb" >"$output/truncated.raucb"
overwrite "$output/payload.raucb" $((size / 2))
# The CMS comes before the last eight bytes and ends with the signature's number.
overwrite "$output/signature.raucb" $((size - 8 - 16))
