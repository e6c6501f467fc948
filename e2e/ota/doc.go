// Package ota tests what installers and fleets rely on: a card that boots,
// takes its configuration from the FAT partition, updates itself and undoes what
// fails. The image's own scripts and units, RAUC, systemd and the arm64 program
// that ships run in QEMU; package pi plays the board around them.
//
// The tests need the tag e2e, root, a network namespace of their own and what
// scripts/e2e-ota.sh builds before them; they are run by it. Each takes a card
// of its own. Tables of times and power cuts are written to build/e2e/ota.
//
// Not covered: a real Raspberry Pi's firmware, EEPROM and SD card, Wi-Fi, a
// board without a clock (the guest's is right), buttons (the guest's kernel has
// no GPIO driver to play them) and a camera that reads a QR code.
package ota
