// Package pi plays a Raspberry Pi around QEMU, as far as updates see one: its
// boot firmware, its card, its watchdog and its power.
//
// What holds:
//
//   - The firmware is chosen from what is on the card at that moment, by the
//     rules of "config.txt" and "autoboot.txt" in the Raspberry Pi
//     documentation: tryboot_a_b, the section [tryboot], the filters [all],
//     [none] and [boot_partition=N]. A slot without a kernel is a fatal error,
//     and the board resets, without the tryboot flag.
//   - The tryboot flag is set by a byte of the guest's second disk, used up by
//     one boot and lost when the power goes.
//   - The card is behind a cache that keeps what was not flushed. A cut of the
//     power loses all of that; a reset loses nothing.
//   - The watchdog is a device of its own (i6300esb): it resets a guest whose
//     kernel does nothing any more.
//   - Every reset is followed by another start of the firmware, until the guest
//     switches itself off or [Board.Cut] or [Board.Close] ends it.
//
// What it does not play: the EEPROM, the GPU's memory, real SD cards, which may
// lose more than what was not flushed.
package pi
