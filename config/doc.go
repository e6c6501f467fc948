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
// The package guarantees: a [Config] that [Load] returns is complete and
// consistent, so nobody has to check it again. Otherwise the error lists every
// problem found, each with its place, its key, the value and what is allowed;
// nothing is guessed or ignored, neither an unknown key nor a key given twice.
// Passwords are read from files, held as [Secret] and never part of an error.
// No input makes it panic. It asks files whether they are there, but never
// hardware: a camera, a sound card or a GPIO chip may come later.
//
// Paths in the file are relative to the folder of the file, others to the
// working directory. A password_file without '/' names a systemd credential
// (systemd.exec(5), LoadCredential) if there is one of that name, and
// quickblox.password_file defaults to the credential quickblox.password.
package config
