#!/usr/bin/env bash
# Runs every fuzz target for FUZZTIME (default 5m) each and prints how many
# inputs each has tried.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${FUZZTIME:-5m}
git grep -lE '^func Fuzz' -- '*_test.go' | xargs -n1 dirname | sort -u | while read -r dir; do
	grep -hoE '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go | sed 's/^func //' | while read -r target; do
		log=$(mktemp)
		if ! go test "./$dir" -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 20x >"$log" 2>&1; then
			cat "$log" >&2
			exit 1
		fi
		printf '%-28s %-20s %s\n' "$dir" "$target" "$(grep -oE 'execs: [0-9]+' "$log" | tail -1)"
		rm -f "$log"
	done
done
