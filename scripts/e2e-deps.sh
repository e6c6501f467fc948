#!/bin/sh
# Fetches into build/e2e what the end-to-end tests run with: playwright-core as
# the lock file says, and the QuickBlox SDK's bundle, both checked against
# pinned hashes. Does nothing when all is there.
#
# usage: scripts/e2e-deps.sh
set -eu
cd "$(dirname "$0")/.."

sdk_version=2.23.0
sdk_sha512=ADSPBeiIUnsvY7unpjZ/HR4w9f/u4gzaW+QLcOErCAtb1UTX+FKZ886hci9xeqJW0UlPWhL8nOxrlY1jTExjMw==

fetch_driver() {
	from=e2e/quickblox/driver
	to=build/e2e/driver
	mkdir -p "$to"
	if [ -d "$to/node_modules/playwright-core" ] && cmp -s "$from/package-lock.json" "$to/package-lock.json"; then
		return
	fi
	cp "$from/package.json" "$from/package-lock.json" "$to/"
	npm ci --prefix "$to" --ignore-scripts --no-audit --no-fund --loglevel=error
}

# The package cannot be installed as a dependency: one of its own dependencies
# is not in the registry. Its archive holds a bundle that needs none.
fetch_sdk() {
	target=build/e2e/quickblox.min.js
	[ ! -s "$target" ] || return 0
	temporary=$(mktemp -d)
	trap 'rm -rf "$temporary"' EXIT
	npm pack "quickblox@$sdk_version" --pack-destination "$temporary" --silent >/dev/null
	archive="$temporary/quickblox-$sdk_version.tgz"
	hash=$(openssl dgst -sha512 -binary "$archive" | openssl base64 -A)
	if [ "$hash" != "$sdk_sha512" ]; then
		echo "e2e-deps: quickblox $sdk_version has the hash $hash, want $sdk_sha512" >&2
		exit 1
	fi
	tar -xzf "$archive" -C "$temporary" package/quickblox.min.js
	mv "$temporary/package/quickblox.min.js" "$target"
}

fetch_driver
fetch_sdk
