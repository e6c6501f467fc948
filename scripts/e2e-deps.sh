#!/bin/sh
# Fetches what the end-to-end tests and the benchmarks run with, each checked
# against a pinned hash: playwright-core as the lock file says, into build/e2e,
# and the QuickBlox SDK. Does nothing when all is there.
#
# usage: scripts/e2e-deps.sh
set -eu
cd "$(dirname "$0")/.."

from=e2e/quickblox/driver
to=build/e2e/driver
mkdir -p "$to"
if [ ! -d "$to/node_modules/playwright-core" ] || ! cmp -s "$from/package-lock.json" "$to/package-lock.json"; then
	cp "$from/package.json" "$from/package-lock.json" "$to/"
	npm ci --prefix "$to" --ignore-scripts --no-audit --no-fund --loglevel=error
fi
scripts/fetch-sdk.sh
