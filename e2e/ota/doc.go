// Package ota tests what installers and fleets rely on: a card that boots,
// takes its configuration from the FAT partition, updates itself and undoes what
// fails. The image's own scripts and units, RAUC, systemd and the arm64 program
// that ships run in QEMU; package pi plays the board around them.
//
// The test is one story of one board, told in steps: each begins with what the
// one before left, and the first that fails ends it. It needs the tag e2e, root,
// a network namespace of its own and what scripts/e2e-ota.sh builds before it,
// and is run by that. Tables of times and power cuts are written to
// build/e2e/ota.
//
// The guest's kernel and its packages are Debian's, so versions differ from an
// image's (RAUC 1.13, systemd 257), drivers are modules that an initramfs loads,
// and units of Debian that an image does not have are masked. It is emulated:
// times depend on the machine and on what else runs there.
//
// Not covered: a real Raspberry Pi's firmware, EEPROM and SD card, Wi-Fi, a
// board without a clock (the guest's is right), buttons (the guest's kernel has
// no GPIO driver to play them), a camera that reads a QR code, an update by file
// and the maintenance window (package update tests both).
package ota
