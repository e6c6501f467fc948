#!/usr/bin/env bash
# Prints how many of call/'s statements its tests run, and fails when it is
# less than MINIMUM percent (default 90).
set -euo pipefail
cd "$(dirname "$0")/.."

minimum=${MINIMUM:-90}
profile=$(mktemp)
trap 'rm -f "$profile"' EXIT

go test -coverpkg=./call -coverprofile="$profile" ./call/... >&2
total=$(go tool cover -func="$profile" | awk '$1 == "total:" { sub(/%/, "", $NF); print $NF }')
echo "statement coverage of call/: $total % (at least $minimum %)"
awk -v total="$total" -v minimum="$minimum" 'BEGIN { exit !(total >= minimum) }'
