#!/bin/sh
# Buildroot's last look at the root file system before it is packed: names the
# board, the disk and the version, puts the keyring in, and points what must be
# writable to /run and /data.
#
# usage: post-build.sh TARGET BOARD
#
# BR2_EXTERNAL_INTERCOM_PATH  this external tree (Buildroot sets it)
# INTERCOM_VERSION            version of the image, 1.2.3
# INTERCOM_KEYRING            root certificates whose bundles the board installs
# INTERCOM_DISK               what comes before a partition's number, default
#                             /dev/mmcblk0p
set -eu

target=${1:?usage: post-build.sh TARGET BOARD}
board=${2:?usage: post-build.sh TARGET BOARD}
tree=${BR2_EXTERNAL_INTERCOM_PATH:?post-build: BR2_EXTERNAL_INTERCOM_PATH is not set}
version=${INTERCOM_VERSION:?post-build: INTERCOM_VERSION is not set: the version of the image}
keyring=${INTERCOM_KEYRING:?post-build: INTERCOM_KEYRING is not set: root certificates of bundles}
disk=${INTERCOM_DISK:-/dev/mmcblk0p}

fail() {
	echo "post-build: $*" >&2
	exit 1
}

check_inputs() {
	case $board in
	rpi4 | rpi3 | rpizero2w | rpi5) ;;
	*) fail "board '$board' is unknown: one of rpi4, rpi3, rpizero2w, rpi5" ;;
	esac
	echo "$version" | grep -Eq '^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$' ||
		fail "version '$version' must look like 1.2.3 or 1.2.3-rc.1 (semver.org)"
	case $disk in
	/dev/*) ;;
	*) fail "disk '$disk' must begin with /dev/" ;;
	esac
	openssl x509 -in "$keyring" -noout 2>/dev/null || fail "$keyring holds no certificate"
	if grep -q 'PRIVATE KEY' "$keyring"; then fail "$keyring holds a private key: it would be on every board"; fi
}

# fill replaces the placeholders of a file in the target. A unit is called after
# its device with - for /.
fill() {
	unit=$(echo "${disk#/}" | tr / -)
	sed -i -e "s|@BOARD@|$board|g" -e "s|@DISK@|$disk|g" -e "s|@DISK_UNIT@|$unit|g" "$target/$1"
}

# name_system writes what RAUC, intercomd and support look at. An image that
# trusts the development keys says so.
name_system() {
	release=$target/usr/lib/os-release
	[ -f "$release" ] || fail "no usr/lib/os-release in $target"
	sed -i '/^IMAGE_ID=/d; /^IMAGE_VERSION=/d; /^VARIANT=/d; /^VARIANT_ID=/d' "$release"
	{
		echo "IMAGE_ID=intercom-$board"
		echo "IMAGE_VERSION=$version"
		# One of several is enough.
		if openssl crl2pkcs7 -nocrl -certfile "$keyring" | openssl pkcs7 -print_certs -noout | grep -qi development; then
			echo 'VARIANT="development keys"'
			echo "VARIANT_ID=development"
		fi
	} >>"$release"
}

install_update() {
	install -D -m 0644 "$tree/board/common/ota/system.conf.in" "$target/etc/rauc/system.conf"
	fill etc/rauc/system.conf
	install -m 0644 "$keyring" "$target/etc/rauc/keyring.pem"
}

# install_template puts the text for the card there, for a factory reset.
install_template() {
	install -D -m 0644 "${INTERCOM_TEMPLATE:-$tree/../intercom.yaml}" "$target/usr/share/intercomd/intercom.yaml"
}

# install_hawkbit takes the client of a hawkBit server in, where Buildroot has
# built it. It stays off until there is a token below /data/hawkbit.
install_hawkbit() {
	[ -x "$target/usr/bin/rauc-hawkbit-updater" ] || return 0
	from=$tree/../hawkbit
	install -D -m 0644 "$from/config.conf" "$target/usr/share/intercomd/hawkbit.conf"
	install -D -m 0755 "$from/hawkbit-config" "$target/usr/lib/intercomd/hawkbit-config"
	install -D -m 0644 "$from/rauc-hawkbit-updater.service.d/intercom.conf" \
		"$target/etc/systemd/system/rauc-hawkbit-updater.service.d/intercom.conf"
}

# link_writable: the root file system is read-only, these are not.
link_writable() {
	mkdir -p "$target/data" "$target/bootcfg" "$target/etc"
	# Empty: systemd makes an id for the time until the next start.
	rm -f "$target/etc/machine-id" "$target/var/lib/dbus/machine-id"
	: >"$target/etc/machine-id"
	ln -sfn /run/systemd/resolve/stub-resolv.conf "$target/etc/resolv.conf"
	ln -sfn /run/intercom/localtime "$target/etc/localtime"
	rm -rf "$target/etc/dropbear"
	ln -sfn /data/system/dropbear "$target/etc/dropbear"
}

# lock_root: no password for root, none that works and no empty one.
lock_root() {
	[ -f "$target/etc/shadow" ] || return 0
	sed -i 's/^root:[^:]*:/root:*:/' "$target/etc/shadow"
	if awk -F: '$2 == ""' "$target/etc/shadow" | grep -q .; then
		fail "etc/shadow has an account without a password: $(awk -F: '$2 == "" { print $1 }' "$target/etc/shadow")"
	fi
}

check_inputs
name_system
install_update
install_template
install_hawkbit
link_writable
lock_root
fill etc/fstab
fill usr/lib/systemd/system/intercom-card.service
fill usr/lib/systemd/system/intercom-data.service
