#!/usr/bin/env bash
# Measures what becomes of calls with the QuickBlox SDK when links break, and of
# the SDK's own calls when the same happens to them; see e2e/faults/sdk. Prints
# a table of medians beside their goals and leaves it as build/faults/matrix.md,
# with every value in matrix.json and what the parties said in said/. It needs
# root, and an idle machine for figures that mean something.
#
# usage: [REPEAT=5] [CUTS=2,5,12,29,35,silent5,silent12,moved] [SIDES=lower,higher]
#        [RACES=50] [BINARY=path] scripts/faults-matrix.sh
#
# REPEAT  rounds; all five take about 35 minutes
# CUTS    seconds the cable is pulled, silentSECONDS without a word from the
#         kernel, moved for another interface with another address
# SIDES   which of two user ids is cut off
# RACES   calls that two clients answer at the same moment
# BINARY  another intercomd than the one of this checkout
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || {
	echo "faults-matrix: root is needed: every party gets a network namespace" >&2
	exit 1
}
# The SDK comes before the build: the handset page has it inside the binary.
scripts/e2e-deps.sh >&2
[ -n "${BINARY:-}" ] || scripts/build.sh >&2

# Namespaces of a run that was killed would stay; their names begin with this.
prefix="im$$"
remove_namespaces() {
	for namespace in $(ip netns list | awk -v run="$prefix-" 'index($1, run) == 1 {print $1}'); do
		ip netns del "$namespace" || true
	done
}
trap remove_namespaces EXIT
trap 'exit 1' HUP INT TERM

go run ./e2e/faults/sdk/matrix -run "$prefix" -repeat "${REPEAT:-5}" -races "${RACES:-50}" -binary "${BINARY:-}" \
	-cuts "${CUTS:-2,5,12,29,35,silent5,silent12,moved}" -sides "${SIDES:-lower,higher}"
