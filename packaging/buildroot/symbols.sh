#!/bin/sh
# Writes check/symbols.txt anew: all configuration symbols that a Buildroot tree
# and this external tree define. Kconfig drops unknown ones silently, so check.sh
# compares every line of the boards' configurations with this list.
#
# usage: packaging/buildroot/symbols.sh BUILDROOT
#
# The kernel's symbols, check/kernel-symbols.txt, are those of linux.fragment
# that were found in the source named there; they are few and kept by hand.
set -eu
cd "$(dirname "$0")"

buildroot=${1:?usage: packaging/buildroot/symbols.sh BUILDROOT}
version=$(sed -n 's/^export BR2_VERSION := //p' "$buildroot/Makefile")
[ -n "$version" ] || {
	echo "symbols: $buildroot holds no Buildroot" >&2
	exit 1
}
{
	echo "# Symbols of Buildroot $version; made by symbols.sh."
	{
		find "$buildroot" -path "$buildroot/support/testing" -prune -o -name 'Config.in*' ! -name Config.in.legacy -print0
		find package Config.in -name 'Config.in*' -print0
	} | xargs -0 sed -n 's/^[[:space:]]*\(menu\)\{0,1\}config[[:space:]]\{1,\}\(BR2_[A-Za-z0-9_]*\).*/\2/p' | LC_ALL=C sort -u
} >check/symbols.new
mv check/symbols.new check/symbols.txt
echo "symbols: $(grep -vc '^#' check/symbols.txt) symbols of Buildroot $version"
