#!/usr/bin/env bash
# Measures intercomd and prints tables: its jitter buffer, latency and processor
# time by itself, calls with Prosody, Chromium and the QuickBlox SDK; see
# bench/doc.go for what the lines mean.
#
# usage: scripts/bench.sh [-only jitter,latency,cpu,calls] [-length 30s] [-presses N] [-calls N]
set -euo pipefail
cd "$(dirname "$0")/.."

# The SDK comes before the build: the handset page has it inside the binary.
scripts/e2e-deps.sh
scripts/build.sh

# Namespaces of a run that was killed would stay; their names begin with this.
prefix="ib$$"
remove_namespaces() {
	for namespace in $(ip netns list | awk -v run="$prefix-" 'index($1, run) == 1 {print $1}'); do
		ip netns del "$namespace" || true
	done
}
trap remove_namespaces EXIT
trap 'exit 1' HUP INT TERM

go run ./bench -run "$prefix" "$@"
