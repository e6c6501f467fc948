#!/usr/bin/env bash
# Plays the short part of the fault scenarios: what networks, servers and
# hostile peers do to calls and to signalling. The long runs are
# scripts/faults-*.sh and scripts/soak.sh.
#
# usage: [PART=xmpp|sdk|soak|abuse] scripts/e2e-faults.sh
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/e2e-deps.sh
scripts/build.sh

# Namespaces of a run that was killed would stay; their names begin with this.
export E2E_RUN="if$$"
remove_namespaces() {
	for namespace in $(ip netns list | awk -v run="$E2E_RUN-" 'index($1, run) == 1 {print $1}'); do
		ip netns del "$namespace" || true
	done
}
trap remove_namespaces EXIT
trap 'exit 1' HUP INT TERM

go test -tags e2e -count=1 -timeout 15m -p 1 -v "./e2e/faults/${PART:-...}"
