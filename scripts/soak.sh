#!/usr/bin/env bash
# Makes calls of random kind with random faults, and reports how they went.
#
# usage: [DURATION=2h] [CALLS=100000] [SEED=n] [LINES=4] scripts/soak.sh
#
# DURATION  no call begins after it (30m)
# CALLS     no more than so many are made (no limit)
# SEED      of what is tried (the date)
# LINES     devices side by side (4)
# KIND      only kinds of calls with this in their name
# FAULT     only faults with this in their name
# LEVEL     of the devices' logs (info)
#
# The report goes to the standard output and to build/soak/SEED.md. The exit code
# is 1 if a call went as it must not. Needs root and Prosody.
set -euo pipefail
cd "$(dirname "$0")/.."

export DURATION=${DURATION:-30m} CALLS=${CALLS:-1000000} SEED=${SEED:-$(date +%Y%m%d)} LINES=${LINES:-4}
export KIND=${KIND:-} FAULT=${FAULT:-} LEVEL=${LEVEL:-info}

scripts/build.sh
go test -tags e2e -count=1 -timeout 0 -v ./e2e/faults/soak -run TestSoak
