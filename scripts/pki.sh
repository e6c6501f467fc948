#!/bin/sh
# Makes a development PKI for update bundles and manifests: a root and a
# certificate that signs code, P-256 both. Never for boards in the field: whoever
# has the folder signs for all of them. docs/ota.md says how to keep a root
# offline and a key in hardware.
#
# usage: scripts/pki.sh [--bad] DIR
#
#   DIR/keyring.pem               what the boards trust: the root's certificate
#   DIR/signer.pem, signer.key    what signs
#   DIR/root.pem, root.key        the root, to make more signers
#
# --bad adds certificates that boards must refuse, for tests:
#   DIR/rogue.pem                 of another root (other-root.pem)
#   DIR/expired.pem               expired in 2021
#   DIR/tls-only.pem              for TLS servers, not for code
# each with its .key beside it.
#
# A folder that has a PKI already is left as it is.
set -eu

fail() {
	echo "pki: $*" >&2
	exit 1
}

bad=""
if [ "${1:-}" = --bad ]; then
	bad=yes
	shift
fi
[ $# -eq 1 ] || fail "usage: scripts/pki.sh [--bad] DIR"
case $1 in
-*) fail "usage: scripts/pki.sh [--bad] DIR" ;;
esac
dir=$1
umask 077

# Quiet unless it fails.
run_openssl() {
	openssl "$@" >"$dir/openssl.log" 2>&1 || {
		cat "$dir/openssl.log" >&2
		fail "openssl $1 failed"
	}
}

key() { run_openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dir/$1.key"; }

# root NAME SUBJECT: 20 years.
root() {
	key "$1"
	run_openssl req -x509 -new -key "$dir/$1.key" -sha256 -days 7300 -subj "/O=Intercom/CN=$2" \
		-addext basicConstraints=critical,CA:TRUE,pathlen:1 \
		-addext keyUsage=critical,keyCertSign,cRLSign -out "$dir/$1.pem"
}

# leaf NAME ROOT PURPOSE FROM TO: times as YYYYMMDDHHMMSSZ. `openssl ca` is the
# one command of OpenSSL 3.0 that takes a time of begin.
leaf() {
	key "$1"
	run_openssl req -new -key "$dir/$1.key" -subj "/O=Intercom/CN=Intercom development $1" -out "$dir/$1.csr"
	mkdir -p "$dir/ca"
	: >"$dir/ca/index.txt"
	cat >"$dir/ca/ca.conf" <<-EOM
		[ca]
		default_ca = it
		[it]
		database = $dir/ca/index.txt
		new_certs_dir = $dir/ca
		rand_serial = yes
		certificate = $dir/$2.pem
		private_key = $dir/$2.key
		default_md = sha256
		policy = any
		x509_extensions = leaf
		unique_subject = no
		[any]
		organizationName = optional
		commonName = supplied
		[leaf]
		basicConstraints = critical,CA:FALSE
		keyUsage = critical,digitalSignature
		extendedKeyUsage = critical,$3
		subjectKeyIdentifier = hash
		authorityKeyIdentifier = keyid
	EOM
	run_openssl ca -batch -config "$dir/ca/ca.conf" -in "$dir/$1.csr" -out "$dir/$1.pem" \
		-startdate "$4" -enddate "$5" -notext
	rm -rf "$dir/ca" "$dir/$1.csr"
}

at() { date -u -d "$1" +%Y%m%d%H%M%SZ; }

mkdir -p "$dir"
if [ ! -e "$dir/signer.pem" ]; then
	root root "Intercom development root"
	leaf signer root codeSigning "$(at '1 hour ago')" "$(at '1 year')"
	cp "$dir/root.pem" "$dir/keyring.pem"
	chmod 0644 "$dir/keyring.pem"
fi
if [ -n "$bad" ] && [ ! -e "$dir/tls-only.pem" ]; then
	root other-root "Intercom development other root"
	leaf rogue other-root codeSigning "$(at '1 hour ago')" "$(at '1 year')"
	leaf expired root codeSigning 20200101000000Z 20210101000000Z
	leaf tls-only root serverAuth "$(at '1 hour ago')" "$(at '1 year')"
fi
rm -f "$dir/openssl.log"
echo "$dir/keyring.pem: what boards trust; $dir/signer.pem and signer.key: what signs"
