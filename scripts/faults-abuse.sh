#!/usr/bin/env bash
# Attacks a device, and reports what others notice of it.
#
# usage: [LENGTH=30s] [ONLY=name] scripts/faults-abuse.sh
#
# LENGTH  of each attack (30s)
# ONLY    only attacks with this in their name
# LEVEL   of the device's log (info)
#
# The report goes to the standard output and to build/faults/abuse.md. The exit
# code is 1 if something happened that must not. Needs root and Prosody.
set -euo pipefail
cd "$(dirname "$0")/.."

export LENGTH=${LENGTH:-30s} ONLY=${ONLY:-} LEVEL=${LEVEL:-info}

scripts/build.sh
go test -tags e2e -count=1 -timeout 0 -v ./e2e/faults/abuse -run TestAbuse
