#!/usr/bin/env bash
# Plays the end-to-end scenarios with Prosody, Chromium and the QuickBlox SDK.
#
# usage: [SCENARIO=name] scripts/e2e-quickblox.sh
#
# SCENARIO            regular expression: only the scenarios whose name matches
# UPDATE_SCREENSHOTS  1: the handset scenario writes docs/images anew
set -euo pipefail
cd "$(dirname "$0")/.."

# The SDK comes before the build: the handset page has it inside the binary.
scripts/e2e-deps.sh
scripts/build.sh

# Namespaces of a run that was killed would stay; their names begin with this.
export E2E_RUN="ic$$"
remove_namespaces() {
	for namespace in $(ip netns list | awk -v run="$E2E_RUN-" 'index($1, run) == 1 {print $1}'); do
		ip netns del "$namespace" || true
	done
}
trap remove_namespaces EXIT
trap 'exit 1' HUP INT TERM

go test -tags e2e -count=1 -timeout 20m -v ./e2e/quickblox -run "TestScenario/${SCENARIO:-}"
