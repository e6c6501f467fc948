#!/usr/bin/env bash
# Runs the driver tests and plays the scenarios on the virtual board: the
# shipping arm64 program there, Prosody, Chromium and the QuickBlox SDK here.
#
# usage: [SCENARIO=name] scripts/e2e-board.sh
#
# SCENARIO            regular expression: only the scenarios whose name matches,
#                     and no driver tests
# BOARD_CALL_MINUTES  length of the long call, default 1
# BOARD_CUTS          seconds for which the cable is out in a call, such as
#                     2,5,12,29,35,45: each with the door's id as the lower and
#                     as the higher one, and 12 s in a bad network; default 12,
#                     once. A row of each: cut, id, network, seconds from the
#                     cable to the picture, what door and client were told
# BOARD_BINARY        program to test instead of a new bin/intercomd-linux-arm64
# BOARD_KERNEL        folder of the board's kernel, see scripts/board-kernel.sh
set -euo pipefail
cd "$(dirname "$0")/.."

# The SDK comes before the build: the handset page has it inside the binary.
scripts/e2e-deps.sh
[ -n "${BOARD_BINARY:-}" ] || scripts/cross.sh arm64
scripts/board-testhooks.sh
BOARD_KERNEL=$(scripts/board-kernel.sh)
export BOARD_KERNEL
scripts/board-busybox.sh

# Namespaces of a run that was killed would stay; their names begin with this.
export E2E_RUN="bd$$"
remove_namespaces() {
	for namespace in $(ip netns list | awk -v run="$E2E_RUN-" 'index($1, run) == 1 {print $1}'); do
		ip netns del "$namespace" || true
	done
}
trap remove_namespaces EXIT
trap 'exit 1' HUP INT TERM

pattern='TestJudge|TestDrivers|TestScenario'
if [ -n "${SCENARIO:-}" ]; then
	pattern="TestScenario/$SCENARIO"
fi
go test -tags e2e -count=1 -timeout 60m -v ./e2e/board -run "$pattern"
