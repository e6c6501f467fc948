#!/bin/sh
# Makes the signed manifest that boards poll, from bundles.
#
# usage: scripts/manifest.sh --cert FILE --key KEY --url BASE [options] -o FILE BUNDLE...
#
#   --cert FILE        signing certificate (PEM; intermediate ones after it)
#   --key KEY          its key: a PEM file, or a pkcs11: URI of a key in hardware
#   --url BASE         https address of the folder the bundles will be in
#   -o FILE            where the manifest is written
#
#   --keyring FILE     check that bundles and certificate chain to it, as boards do
#   --channel NAME     default stable
#   --rollout PERCENT  share of the boards that gets the update, default 100
#   --minimum VERSION  boards with an older version do not install it
#   --expires TIME     the offer ends then, e.g. 2027-01-31T00:00:00Z
#   --report URL       https address that boards send the outcome to
#   --unchecked        sign with any certificate (to test that boards refuse it)
#
# All bundles get the same channel, rollout and so on. Version, board and hash
# are read from the bundles themselves. For a pkcs11: URI, openssl needs its
# pkcs11 provider or engine; PKCS11=engine chooses the engine. The key needs
# no file and the machine that signs no network.
#
# The manifest is a DSSE envelope: a signature with ECDSA P-256 over
# "DSSEv1 <length> <type> <length> <payload>".
set -eu

type=application/vnd.intercomd.manifest+json
max_size=65536

fail() {
	echo "manifest: $*" >&2
	exit 1
}

usage() { fail "usage: scripts/manifest.sh --cert FILE --key KEY --url BASE [options] -o FILE BUNDLE..."; }

cert="" key="" url="" out="" keyring="" channel=stable rollout=100
minimum="" expires="" report="" unchecked=""
while [ $# -gt 0 ]; do
	case $1 in
	--unchecked)
		unchecked=yes
		shift
		continue
		;;
	--cert | --key | --url | -o | --keyring | --channel | --rollout | --minimum | --expires | --report)
		[ $# -ge 2 ] || usage
		;;
	-*) usage ;;
	*) break ;;
	esac
	case $1 in
	--cert) cert=$2 ;;
	--key) key=$2 ;;
	--url) url=${2%/} ;;
	-o) out=$2 ;;
	--keyring) keyring=$2 ;;
	--channel) channel=$2 ;;
	--rollout) rollout=$2 ;;
	--minimum) minimum=$2 ;;
	--expires) expires=$2 ;;
	--report) report=$2 ;;
	esac
	shift 2
done
[ $# -ge 1 ] || usage
for value in "$cert" "$key" "$url" "$out"; do
	[ -n "$value" ] || usage
done

# plain NAME VALUE PATTERN: what goes into JSON has no character that means
# something there.
plain() {
	printf '%s\n' "$2" | grep -Eqx -e "$3" || fail "$1: \"$2\" is not as it should be"
	[ "$(printf '%s' "$2" | wc -l)" -eq 0 ] || fail "$1 has more than one line"
}
version_pattern='v?[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?'
url_pattern='https://[^"\\[:space:][:cntrl:]]+'
plain --channel "$channel" '[A-Za-z0-9._-]+'
plain --url "$url" "$url_pattern"
plain --rollout "$rollout" '[0-9]|[1-9][0-9]|100'
[ -z "$minimum" ] || plain --minimum "$minimum" "$version_pattern"
[ -z "$expires" ] || plain --expires "$expires" '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})'
[ -z "$report" ] || plain --report "$report" "$url_pattern"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check_cert() {
	openssl x509 -in "$cert" -noout -checkend 0 >/dev/null || fail "$cert has expired"
	openssl x509 -in "$cert" -noout -ext extendedKeyUsage 2>/dev/null | grep -q "Code Signing" ||
		fail "$cert is not for signing code: boards would refuse it"
	openssl x509 -in "$cert" -noout -text | grep -q "NIST CURVE: P-256" ||
		fail "$cert has no key on the curve P-256"
	if [ -n "$keyring" ]; then
		openssl verify -purpose any -CAfile "$keyring" -untrusted "$cert" "$cert" >"$work/log" 2>&1 || {
			cat "$work/log" >&2
			fail "$cert does not chain to $keyring"
		}
	fi
}

# inner BUNDLE FILE: writes down the bundle's own manifest. A verity bundle ends
# with a CMS that has it inside, and with the length of that in 8 bytes.
inner() {
	length=$(tail -c 8 "$1" | od -An -tu8 --endian=big | tr -d ' ')
	if [ "${#length}" -gt 6 ] || [ "$length" -eq 0 ]; then
		fail "$1 is no bundle, or not a whole one"
	fi
	tail -c $((length + 8)) "$1" | head -c "$length" >"$work/cms"
	if [ -n "$keyring" ] && [ -z "$unchecked" ]; then
		openssl cms -verify -binary -purpose any -CAfile "$keyring" -inform DER -in "$work/cms" -out "$2" 2>"$work/log" || {
			cat "$work/log" >&2
			fail "$1 is not signed by anybody in $keyring"
		}
	else
		openssl cms -verify -binary -noverify -inform DER -in "$work/cms" -out "$2" 2>"$work/log" || {
			cat "$work/log" >&2
			fail "$1 has no manifest inside its signature: want the format verity"
		}
	fi
}

# field FILE KEY: of the section [update].
field() {
	awk -v key="$2" '
		/^\[/ { inside = ($0 == "[update]") }
		inside && index($0, key "=") == 1 { print substr($0, length(key) + 2); exit }
	' "$1"
}

entry() {
	inner "$1" "$work/inner"
	name=$(basename "$1")
	version=$(field "$work/inner" version)
	compatible=$(field "$work/inner" compatible)
	plain "name of $1" "$name" '[A-Za-z0-9._+-]+'
	plain "version of $1" "$version" "$version_pattern"
	plain "board of $1" "$compatible" '[A-Za-z0-9._-]+'
	printf '{"channel":"%s","version":"%s","compatible":"%s","url":"%s/%s","sha256":"%s","size":%s,"manifest_hash":"%s","rollout":%s' \
		"$channel" "$version" "$compatible" "$url" "$name" \
		"$(sha256sum "$1" | cut -d ' ' -f 1)" "$(wc -c <"$1" | tr -d ' ')" \
		"$(sha256sum "$work/inner" | cut -d ' ' -f 1)" "$rollout"
	[ -z "$minimum" ] || printf ',"minimum_version":"%s"' "$minimum"
	[ -z "$expires" ] || printf ',"expires":"%s"' "$expires"
	[ -z "$report" ] || printf ',"report_url":"%s"' "$report"
	printf '}'
}

# sign FILE: the signature of FILE on standard output.
sign() {
	case $key in
	pkcs11:*)
		if [ "${PKCS11:-provider}" = engine ]; then
			openssl dgst -sha256 -engine pkcs11 -keyform engine -sign "$key" "$1"
		else
			openssl dgst -sha256 -provider pkcs11 -provider default -sign "$key" "$1"
		fi
		;;
	*) openssl dgst -sha256 -sign "$key" "$1" ;;
	esac
}

[ -n "$unchecked" ] || check_cert
{
	printf '{"updates":['
	comma=""
	for bundle; do
		[ -f "$bundle" ] || fail "there is no file $bundle"
		printf '%s' "$comma"
		entry "$bundle"
		comma=,
	done
	printf ']}'
} >"$work/payload"

{
	printf 'DSSEv1 %s %s %s ' "${#type}" "$type" "$(wc -c <"$work/payload" | tr -d ' ')"
	cat "$work/payload"
} >"$work/signed"
sign "$work/signed" >"$work/sig" || fail "openssl cannot sign with $key"
openssl x509 -in "$cert" -noout -pubkey >"$work/public"
openssl dgst -sha256 -verify "$work/public" -signature "$work/sig" "$work/signed" >/dev/null ||
	fail "$key is not the key of $cert"

# All certificates of the file, one DER after the other.
awk -v dir="$work" '
	/-----BEGIN CERTIFICATE-----/ { n++; inside = 1 }
	inside { print > (dir "/chain." sprintf("%03d", n) ".pem") }
	/-----END CERTIFICATE-----/ { inside = 0 }
' "$cert"
for one in "$work"/chain.*.pem; do
	openssl x509 -in "$one" -outform DER
done >"$work/chain"

printf '{"payloadType":"%s","payload":"%s","signatures":[{"cert":"%s","sig":"%s"}]}\n' "$type" \
	"$(openssl base64 -A -in "$work/payload")" \
	"$(openssl base64 -A -in "$work/chain")" \
	"$(openssl base64 -A -in "$work/sig")" >"$work/manifest"
size=$(wc -c <"$work/manifest" | tr -d ' ')
[ "$size" -le "$max_size" ] || fail "the manifest has $size bytes, and boards read at most $max_size"
# In one step: what serves the file sends the old or the new one.
mv "$work/manifest" "$out.new"
mv "$out.new" "$out"
echo "$out: $# bundle(s), $size bytes"
