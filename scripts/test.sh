#!/usr/bin/env bash
# Everything a change must pass, in the order that finds mistakes soonest:
# lint, unit tests under the race detector, coverage, the static binaries,
# the end-to-end scenarios with real peers, those with broken networks and
# hostile peers, what installers meet, the virtual board (drivers and scenarios on
# a kernel of its own), and updates of an emulated board.
set -euo pipefail
cd "$(dirname "$0")/.."

# Version control is not asked by what the tests build: it refuses to read a
# checkout that belongs to another user.
export GOFLAGS="${GOFLAGS:-} -buildvcs=false"

step() { printf '\n== %s (%s)\n' "$1" "$(date +%T)"; }

step "lint"
scripts/lint.sh
step "handset SDK"
scripts/fetch-sdk.sh
step "unit tests, race detector"
CGO_ENABLED=1 go test -race ./...
step "coverage of call/"
scripts/coverage.sh
step "static binary"
scripts/build.sh
step "end to end with Prosody"
go test -count=1 -tags e2e -v ./e2e/xmpp
step "wrong input, end to end"
go test -count=1 -tags e2e -v ./e2e/badinput
step "end to end with the QuickBlox SDK"
scripts/e2e-quickblox.sh
step "broken networks, servers and peers"
scripts/e2e-faults.sh
step "what installers meet"
scripts/e2e-install.sh
step "end to end on the virtual board"
scripts/e2e-board.sh
step "updates of an emulated board"
scripts/e2e-ota.sh
step "done"
