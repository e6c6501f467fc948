#!/usr/bin/env bash
# gofmt, go vet, staticcheck (pinned), shellcheck.
set -euo pipefail
cd "$(dirname "$0")/.."
unformatted=$(find . -path ./build -prune -o -name '*.go' -print0 | xargs -0 gofmt -l)
[ -z "$unformatted" ] || { echo "gofmt would change: $unformatted" >&2; exit 1; }
go vet -tags netgo,osusergo ./...
go vet -tags e2e ./e2e/...
go run honnef.co/go/tools/cmd/staticcheck@v0.7.0 ./...
shellcheck -x scripts/*.sh .ci/run packaging/hawkbit/hawkbit-config e2e/ota/*.sh
