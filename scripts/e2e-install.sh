#!/usr/bin/env bash
# What installers meet: wrong cards, a configuration that changes under a call,
# hawkBit, the Debian package on a Debian with systemd, and the scripts that
# make images.
#
# usage: scripts/e2e-install.sh             PART=card, reload, hawkbit, deb or image for one
#
# HAWKBIT_UPDATER  program of rauc-hawkbit-updater 1.4; without it, the tests that
#                  run it say that they were not run. Debian has none.
#
# Needs root and what `scripts/setup.sh build e2e cross unit package` installs.
set -euo pipefail
cd "$(dirname "$0")/.."

part=${PART:-all}
go_part() { go test -count=1 -tags e2e -v "./e2e/$1"; }

run() {
	case $1 in
	image) packaging/buildroot/check.sh ;;
	card | reload | hawkbit | deb) go_part "$1" ;;
	*)
		echo "e2e-install: unknown PART $1: one of card, reload, hawkbit, deb, image" >&2
		exit 1
		;;
	esac
}

if [ "$part" != all ]; then
	run "$part"
	exit
fi
run image
# Side by side: they wait for systemd, locks and clocks more than they compute.
go test -count=1 -tags e2e -v ./e2e/card ./e2e/reload ./e2e/hawkbit ./e2e/deb
