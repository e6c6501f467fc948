#!/bin/sh
# Leaves build/board/intercomd-testhooks: intercomd for arm64 with the build tag
# testhooks, by which a test makes the daemon hang. No release has the tag.
#
# usage: scripts/board-testhooks.sh
set -eu
cd "$(dirname "$0")/.."

output=build/board/intercomd-testhooks
mkdir -p "$(dirname "$output")"
scripts/board-go.sh build -trimpath -buildvcs=false -tags netgo,osusergo,testhooks \
	-ldflags "-s -w -linkmode external -extldflags -static" -o "$output" ./cmd/intercomd
echo "$output"
