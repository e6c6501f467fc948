#!/usr/bin/env bash
# Plays what an XMPP server and the way to it can do to a device, with a real
# Prosody and a real ejabberd side by side, with faults as long as in life; then
# restarts both servers again and again with a call in progress. Prints a table.
#
# usage: [DURATION=1h] [EVERY=30s] [LOGS=DIR] scripts/faults-xmpp.sh [table | restarts]
#
# DURATION  how long the servers are restarted
# EVERY     time between restarts
# LOGS      folder that keeps the logs of links and devices
#
# table, restarts: only that part. Root is needed.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-all} in
all) tests='TestFaults|TestRestarts' ;;
table) tests=TestFaults ;;
restarts) tests=TestRestarts ;;
*)
	sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0" >&2
	exit 2
	;;
esac

export LONG=1 RESTARTS=${DURATION:-1h} EVERY=${EVERY:-30s} LOGS=${LOGS:-}
if [ -n "$LOGS" ]; then
	mkdir -p "$LOGS"
	LOGS=$(realpath "$LOGS")
fi

# Namespaces of a run that was killed would stay; the names begin with this.
export FAULTS_RUN="fx$$"
remove_namespaces() {
	for namespace in $(ip netns list | awk -v run="$FAULTS_RUN-" 'index($1, run) == 1 {print $1}'); do
		ip netns del "$namespace" || true
	done
}
trap remove_namespaces EXIT
trap 'exit 1' HUP INT TERM

cd e2e/faults/xmpp # the Go tool shows lines as they come only of the package it is in
go test -tags e2e -count=1 -timeout 0 -run "^($tests)\$"
