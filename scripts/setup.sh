#!/bin/sh
# Installs what is missing on a Debian machine, by group:
#
#   build  compilers and the codec libraries      (go is expected)
#   demo   build, for the page                     (go, node and npm are expected)
#   e2e    build, Prosody, ejabberd, Chromium, namespaces (go, node, npm are expected)
#   cross  build, compiler and emulator for arm64
#   board  cross, QEMU for the virtual board
#   kernel what building the virtual board's kernel needs
#   lint   shellcheck
#   unit   what unit tests run: D-Bus, RAUC, OpenSSL, a reader of QR codes
#   package  Debian packages, their tests, and the images' scripts
#   ota    QEMU and what makes the disks of the update lab
#
# usage: scripts/setup.sh [GROUP…]          (default build)
#
# Starts no service, and does nothing when all is there.
set -eu

go_minor=26
node_major=18

fail() {
	echo "setup: $*" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		fail "installing packages needs root, and there is no sudo"
	fi
}

check_go() {
	command -v go >/dev/null || fail "no go in PATH: install Go 1.$go_minor or newer from https://go.dev/dl/"
	version=$(go env GOVERSION)
	minor=$(echo "$version" | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
	[ "${minor:-0}" -ge "$go_minor" ] || fail "go is $version, need go1.$go_minor or newer"
}

check_node() {
	command -v node >/dev/null || fail "no node in PATH: install Node.js $node_major or newer from https://nodejs.org/"
	command -v npm >/dev/null || fail "no npm in PATH: install it together with Node.js"
	version=$(node --version)
	major=$(echo "$version" | sed -n 's/^v\([0-9]*\).*/\1/p')
	[ "${major:-0}" -ge "$node_major" ] || fail "node is $version, need v$node_major or newer"
}

build_packages="gcc g++ libc6-dev pkg-config dpkg-dev nasm libvpx-dev libopus-dev libjpeg62-turbo-dev"
unit_packages="dbus e2fsprogs groff-base openssl rauc rauc-service squashfs-tools zbar-tools"
disk_packages="dosfstools fdisk genimage mtools qemu-utils"
cross_packages="gcc-aarch64-linux-gnu g++-aarch64-linux-gnu qemu-user-static file"

packages_of() {
	case $1 in
	build | demo) echo "$build_packages" ;;
	e2e) echo "$build_packages prosody ejabberd chromium iproute2 openssl" ;;
	cross) echo "$build_packages $cross_packages" ;;
	board) echo "$build_packages $cross_packages qemu-system-arm iproute2" ;;
	kernel) echo "$cross_packages make flex bison bc libelf-dev libssl-dev kmod python3 xz-utils" ;;
	lint) echo "shellcheck" ;;
	unit) echo "$unit_packages" ;;
	package) echo "$build_packages $cross_packages $unit_packages $disk_packages jq lintian mmdebstrap systemd systemd-container shellcheck" ;;
	ota) echo "$build_packages $cross_packages $unit_packages $disk_packages qemu-system-arm nbdkit device-tree-compiler cpio iproute2 kmod prosody xz-utils" ;;
	*) fail "unknown group $1: one of build, demo, e2e, cross, board, kernel, lint, unit, package, ota" ;;
	esac
}

tools_of() {
	case $1 in
	build | cross | board | package | ota) check_go ;;
	demo | e2e) check_go && check_node ;;
	esac
}

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

policy=/usr/sbin/policy-rc.d

# Debian starts the services of the packages it installs. policy-rc.d (see
# invoke-rc.d(8)) forbids that while this script runs; one that is there already
# is the machine owner's, is set aside and comes back.
forbid_services() {
	trap allow_services EXIT
	trap 'exit 1' HUP INT TERM
	if [ -e "$policy" ] && [ ! -e "$policy.aside" ]; then
		as_root mv "$policy" "$policy.aside"
	fi
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
	as_root chmod 755 "$policy"
}

allow_services() {
	as_root rm -f "$policy"
	if [ -e "$policy.aside" ]; then
		as_root mv "$policy.aside" "$policy"
	fi
}

install_packages() {
	command -v apt-get >/dev/null || fail "no apt-get here; install by hand:$*"
	new_servers=""
	for server in prosody ejabberd; do
		installed "$server" || new_servers="$new_servers $server"
	done
	forbid_services
	echo "setup: installing$*"
	as_root apt-get -q update
	# shellcheck disable=SC2068 # package names
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $@
	# Not at the next boot either; the tests run servers of their own.
	for server in $new_servers; do
		if installed "$server"; then
			as_root update-rc.d "$server" disable
		fi
	done
}

missing=""
for group in "${@:-build}"; do
	packages=$(packages_of "$group")
	tools_of "$group"
	for package in $packages; do
		case " $missing " in *" $package "*) continue ;; esac
		installed "$package" || missing="$missing $package"
	done
done
if [ -n "$missing" ]; then
	install_packages "$missing"
fi
