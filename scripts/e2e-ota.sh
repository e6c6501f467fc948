#!/usr/bin/env bash
# Installs, updates and breaks an emulated board: the image's scripts and units,
# RAUC, systemd and the arm64 program that ships.
#
# usage: scripts/e2e-ota.sh [FLAG…]
#
#   -ota.long          every scenario; without it, a short part of them
#   -ota.cuts=N        power cuts over install, trial and commit (default 2)
#   -ota.importcuts=N  power cuts while a configuration is imported (1)
#   -ota.resetcuts=N   power cuts during a factory reset (1)
#   -ota.seed=N        the moments of an earlier run, which printed it
#   -ota.v             everything that the board says
#
# OTA_BINARY  program to test instead of a new bin/intercomd-linux-arm64
# OTA_NEXT    program of the newer versions, to measure what an update downloads;
#             default the same program with some bytes more
# OTA_KEEP=1  takes the images of the last run
#
# Needs root, 3 GB of disk, and what scripts/setup.sh installs for it. Tables are
# written to build/e2e/ota.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$PWD/build/e2e/ota
images=$work/images
mkdir -p "$images"

long=false
for flag in "$@"; do
	case $flag in
	-ota.long | -ota.long=true) long=true ;;
	esac
done

build() {
	local next=${OTA_NEXT:-$work/next}
	[ -n "${OTA_BINARY:-}" ] || scripts/cross.sh arm64
	local program=${OTA_BINARY:-bin/intercomd-linux-arm64}
	if [ -z "${OTA_NEXT:-}" ]; then
		cp "$program" "$next"
		echo "the next version" >>"$next"
	fi
	# The other end of calls.
	scripts/build.sh "$work/peer"
	scripts/pki.sh --bad "$work/pki"
	export INTERCOM_CERT=$work/pki/signer.pem INTERCOM_KEY=$work/pki/signer.key INTERCOM_KEYRING=$work/pki/keyring.pem
	OTA_FACTORY=1 e2e/ota/image.sh "$guest" "$program" 1.0.0 none "$images/1.0.0"
	e2e/ota/image.sh "$guest" "$next" 1.1.0 none "$images/1.1.0"
	e2e/ota/image.sh "$guest" "$next" 1.2.0 none "$images/1.2.0"
	e2e/ota/image.sh "$guest" "$next" 2.0.4 nokernel "$images/2.0.4"
	if [ "$long" = true ]; then
		e2e/ota/image.sh "$guest" "$next" 2.0.1 sick "$images/2.0.1"
		e2e/ota/image.sh "$guest" "$next" 2.0.2 hang "$images/2.0.2"
		e2e/ota/image.sh "$guest" "$next" 2.0.3 panic "$images/2.0.3"
		e2e/ota/image.sh "$guest" "$next" 2.0.5 crash "$images/2.0.5"
	fi
	e2e/ota/bundles.sh "$work/pki" "$work/bad"
}

guest=$(scripts/ota-guest.sh)
if [ -z "${OTA_KEEP:-}" ]; then build; fi
go test -tags e2e -c -o "$work/ota.test" ./e2e/ota

# A network of its own: nothing in it leads out of the machine. The pair of
# interfaces is for calls, which take no loopback addresses.
cd e2e/ota
# shellcheck disable=SC2016
exec unshare --net sh -euc '
	ip link set lo up
	ip link add lab0 type veth peer name lab1
	ip addr add 10.77.0.1/24 dev lab0
	ip link set lab0 up
	ip link set lab1 up
	exec "$@"
' sh "$work/ota.test" -test.v -test.timeout 24h "$@"
