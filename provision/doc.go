// Package provision brings a device from a blank card to a configuration and
// back: what `intercomd setup` does at each boot, before anything else of
// intercomd runs. It imports intercom.yaml from the FAT partition of the card,
// reads a QR code with the camera, resets the device to its first day, and
// derives the settings of the system from the configuration that is in force.
//
// The package guarantees:
//
//   - Whatever the power does, the next [Setup.Run] ends with the old or the
//     new configuration whole. A configuration and the files that belong to it
//     are a folder config.<n>, and the symbolic link config is renamed onto the
//     name of a whole one that is on the disk already.
//   - A secret is blanked on the card only after the configuration that has it
//     is stored, and every secret that was stored is blanked there, if need be
//     after the next start. The blanked file means "no change".
//   - A wrong file changes nothing but intercom.err beside it, which names line
//     and key and says what to do.
//   - A factory reset that has begun is finished by the next Run. It empties the
//     folders of SSH's host keys and of a fleet's token, too.
//   - Passwords and private keys come from the configuration or from files beside
//     it: a path out of the card's folder is refused.
//   - A QR code counts only while there is no configuration, or for
//     [PairTime] after the button was held from [PairHold] to [ResetHold] at
//     power-up. Nothing here runs later, so a running device is never paired
//     anew. With system.button_setup: false a held button asks for nothing,
//     neither for a code nor for a reset.
//   - A button that stays closed for longer than [StuckHold] is broken or
//     blocked and does nothing.
//   - No text of a configuration gets a line of its own in a file of the system:
//     network names are written in hexadecimal, all else is refused if it holds
//     a control character.
//
// Whoever holds the card holds the device: the card is not encrypted, so its
// owner can read what is stored, replace the configuration or start a factory
// reset, and whoever can cut the power and hold the button can do the latter
// two, unless system.button_setup is false. That is physical possession, and the way an installer gets in. What is
// protected is the rest: a card that lies in a PC for a moment shows no secret in
// the files that were imported. What an editor left beside them, copies and
// clusters of deleted files, stays on the FAT partition. The configuration is
// readable for root and the daemon only; nothing that comes over the network
// reaches this package. Flash memory may keep old blocks, so a factory reset
// hinders whoever gets the device next, not a laboratory.
package provision
