// Package config reads and checks the configuration of intercomd.
//
// Values come from three places; the first that has one wins: overrides (the
// flags of the command line), the environment, the YAML file. The name of an
// environment variable is INTERCOMD_ and the key in capitals with '_' for '.',
// as in INTERCOMD_XMPP_DOMAIN. Contacts, buttons, lamps, relays and ICE servers
// are lists of tables and can stand in the file only; other lists are separated
// by commas elsewhere. INTERCOMD_CONFIG, the path of the file itself, is no key
// and left to the caller.
//
// The package guarantees: a [Config] that [Load] or [Read] returns is complete
// and consistent, so nobody has to check it again. Otherwise the error lists
// the problems found (at most 100), each with its place, its key, the value and
// what is allowed, in words for people who do not know YAML; nothing is guessed
// or ignored, neither an unknown key nor a key given twice. Passwords are held as
// [Secret] and never part of an error. No input makes it panic, and none makes it
// work longer than a file of 1 MiB deserves. It asks files whether they are there,
// but never hardware: a camera, a sound card or a GPIO chip may come later.
//
// A password stands in a file of its own or, since a card that is filled in on
// any computer has one file only, in the configuration itself. Whoever stores
// such a file elsewhere replaces the passwords of the original by [StoredMark]
// ([Blank]) and puts them back when the original comes again ([Restore]). [Read]
// refuses a StoredMark that is left.
//
// The file has a version, which grows when keys are added; keys never change
// their meaning, and the values of a key do not become more. So a program reads
// the file of a later one: keys that it does not know are warnings there.
// Passwords of such keys are not blanked.
//
// Paths in the file are relative to the folder of the file, others to the
// working directory. A password_file without '/' names a systemd credential
// (systemd.exec(5), LoadCredential) if there is one of that name, and
// quickblox.password_file defaults to the credential quickblox.password.
//
// [Describe] is the one description of all keys; [Schema], the manual page and
// the documentation come from it. What network and system say is for the image's
// `intercomd setup`; the program that runs does not touch either.
package config
