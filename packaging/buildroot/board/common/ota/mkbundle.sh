#!/bin/sh
# Makes a signed RAUC bundle from rootfs.squashfs and boot.vfat of a folder.
#
# usage: mkbundle.sh IMAGES BOARD VERSION
#
# INTERCOM_CERT          certificate that signs, PEM, with purpose code signing
# INTERCOM_KEY           its key: a PEM file or a pkcs11: URI
# INTERCOM_KEYRING       root certificates that the boards trust, PEM
# INTERCOM_INTERMEDIATE  certificates between the two, PEM (optional)
# INTERCOM_BUNDLE        result, default IMAGES/intercom-BOARD-VERSION.raucb
#
# Refuses before signing what a board would refuse afterwards: a certificate that
# is expired, not yet valid, for another purpose or of another authority. The
# finished bundle is verified as a board does it.
set -eu

fail() {
	echo "mkbundle: $*" >&2
	exit 1
}

[ $# -eq 3 ] || fail "usage: mkbundle.sh IMAGES BOARD VERSION"
images=$1
board=$2
version=$3
cert=${INTERCOM_CERT:?mkbundle: INTERCOM_CERT is not set: the certificate that signs}
key=${INTERCOM_KEY:?mkbundle: INTERCOM_KEY is not set: a PEM file or a pkcs11: URI}
keyring=${INTERCOM_KEYRING:?mkbundle: INTERCOM_KEYRING is not set: the root certificates that boards trust}
intermediate=${INTERCOM_INTERMEDIATE:-}
output=${INTERCOM_BUNDLE:-$images/intercom-$board-$version.raucb}

check_inputs() {
	case $board in
	rpi4 | rpi3 | rpizero2w | rpi5) ;;
	*) fail "board '$board' is unknown: one of rpi4, rpi3, rpizero2w, rpi5" ;;
	esac
	echo "$version" | grep -Eq '^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$' ||
		fail "version '$version' must look like 1.2.3 or 1.2.3-rc.1 (semver.org)"
	for file in "$images/rootfs.squashfs" "$images/boot.vfat" "$cert" "$keyring"; do
		[ -s "$file" ] || fail "no such file, or an empty one: $file"
	done
	case $key in
	pkcs11:*) ;;
	*) [ -r "$key" ] || fail "cannot read the key: $key" ;;
	esac
}

# check_certificate names what is wrong with the signing certificate, in the
# words of somebody who has to renew it.
check_certificate() {
	name=$(openssl x509 -in "$cert" -noout -subject -nameopt RFC2253) || fail "$cert is no certificate in PEM form"
	openssl x509 -in "$cert" -noout -checkend 0 >/dev/null ||
		fail "$cert is expired: $(openssl x509 -in "$cert" -noout -enddate)"
	openssl x509 -in "$cert" -noout -ext extendedKeyUsage 2>/dev/null | grep -q 'Code Signing' ||
		fail "$cert ($name) is not for signing code: extendedKeyUsage must have codeSigning"
	openssl verify -CAfile "$keyring" ${intermediate:+-untrusted "$intermediate"} "$cert" >"$work/verify" 2>&1 ||
		fail "$cert ($name) does not lead to a certificate of $keyring: $(grep -m 1 error "$work/verify")"
}

write_config() {
	cat >"$work/system.conf" <<-EOM
		[system]
		compatible=intercom-$board
		bootloader=noop
		bundle-formats=-plain
		[keyring]
		path=$(realpath "$keyring")
		check-purpose=codesign
	EOM
}

# write_content lays out the bundle. RAUC knows an image's type by its name; the
# index of blocks lets a board fetch only those it does not have.
write_content() {
	mkdir "$work/content"
	cp "$images/rootfs.squashfs" "$work/content/rootfs.img"
	cp "$images/boot.vfat" "$work/content/boot.vfat"
	cat >"$work/content/manifest.raucm" <<-EOM
		[update]
		compatible=intercom-$board
		version=$version

		[bundle]
		format=verity

		[image.rootfs]
		filename=rootfs.img
		adaptive=block-hash-index

		[image.boot]
		filename=boot.vfat
		adaptive=block-hash-index
	EOM
}

sign() {
	rm -f "$work/bundle.raucb"
	rauc --conf="$work/system.conf" --cert="$cert" --key="$key" \
		${intermediate:+--intermediate="$intermediate"} \
		bundle "$work/content" "$work/bundle.raucb" >"$work/log" 2>&1 ||
		{ cat "$work/log" >&2 && fail "rauc did not make the bundle"; }
}

# verify looks at the result through a board's eyes.
verify() {
	rauc --conf="$work/system.conf" info --output-format=shell "$work/bundle.raucb" >"$work/info" 2>"$work/log" ||
		{ cat "$work/log" >&2 && fail "a board would refuse the new bundle"; }
	grep -q "^RAUC_MF_COMPATIBLE='intercom-$board'" "$work/info" || fail "the new bundle does not say intercom-$board"
	grep -q "^RAUC_MF_VERSION='$version'" "$work/info" || fail "the new bundle does not say version $version"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

check_inputs
check_certificate
write_config
write_content
sign
verify
mv "$work/bundle.raucb" "$output"
chmod 0644 "$output"
echo "$output $(wc -c <"$output") bytes"
