#!/bin/sh
# Writes cmd/intercomd/cmd_licenses.txt.gz, what `intercomd licenses` prints: the
# modules that the program is linked of, by the module cache, and the C
# libraries, by the texts in cmd/intercomd/cmd_licenses; each text once. A test
# of cmd/intercomd tells when that is due.
#
# usage: scripts/licenses.sh
set -eu
cd "$(dirname "$0")/.."
go mod download
UPDATE=1 go test -count=1 -run '^TestLicensesAreCurrent$' ./cmd/intercomd
echo "licenses: $(wc -c <cmd/intercomd/cmd_licenses.txt.gz) bytes, gzipped"
