// Package rauctest plays the RAUC service on a D-Bus of its own, for tests.
//
// [StartBus] runs a private dbus-daemon; [Service] answers on it as RAUC 1.8 to
// 1.15 do: the same calls, properties, signals and error names, and the same
// refusal of everything while an installation runs. It installs nothing: a
// bundle is an entry of a table.
//
// It does not guarantee RAUC's words: tests of those run the real service.
package rauctest
