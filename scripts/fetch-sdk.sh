#!/usr/bin/env bash
# Brings the QuickBlox JavaScript SDK from npm: as it is to build/sdk for the
# end-to-end tests, and gzipped to web/handset/static/vendor for the handset
# page. The SDK has its own license, so it is not committed. Does nothing when
# the right files are there already.
set -euo pipefail
cd "$(dirname "$0")/.."

version=2.23.0
# Of the package; what the npm registry tells as dist.integrity, in hex.
tarball_sha512=00348f05e888527b2f63bba7a6367f1d1e30f5ffeee20cda5be40b70e12b080b5bd544d7f85299f3cea1722f717aa256d1494f5a12fc9cec6b958d634c4c6333
# Of quickblox.min.js in it.
file_sha256=436fe38d1789eee5b97eafeebd82f44cc3c6d657c3ae4e042b9b91df8c8d366a
target=build/sdk/quickblox.min.js
packed=web/handset/static/vendor/quickblox.min.js.gz

is_right() { [ -f "$1" ] && echo "$file_sha256  $1" | sha256sum --check --status; }

# In one step each: a build beside this one sees all of a file or nothing.
pack() {
	gzip -9 -n -c "$target" >"$packed.new"
	mv "$packed.new" "$packed"
}

if is_right "$target"; then
	[ -f "$packed" ] || pack
	exit 0
fi
command -v npm >/dev/null || {
	echo "fetch-sdk: no npm in PATH: install Node.js with npm from https://nodejs.org/" >&2
	exit 1
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
echo "fetch-sdk: quickblox $version from npm"
(cd "$dir" && npm pack --silent "quickblox@$version" >/dev/null)
tarball=$dir/quickblox-$version.tgz
echo "$tarball_sha512  $tarball" | sha512sum --check --status || {
	echo "fetch-sdk: the package from npm is not the one expected" >&2
	exit 1
}
tar -xzf "$tarball" -C "$dir" package/quickblox.min.js
is_right "$dir/package/quickblox.min.js" || {
	echo "fetch-sdk: quickblox.min.js is not the file expected" >&2
	exit 1
}
mkdir -p build/sdk
install -m 644 "$dir/package/quickblox.min.js" "$target.new"
mv "$target.new" "$target"
pack
