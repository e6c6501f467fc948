// Package rauc speaks with the RAUC service over D-Bus: the interface
// de.pengutronix.rauc.Installer of the RAUC manual, "D-Bus API".
//
// Every call dials the bus anew, so neither a restart of the bus nor one of the
// service leaves anything behind that would have to be repaired. The bus starts
// the service when it is installed and does not run.
//
// The package guarantees: every method ends with its context; a service that
// dies during an installation is an error, not a wait; an answer of an
// unexpected shape is an error, never a panic; a machine without RAUC is told
// apart ([ErrUnavailable]); errors of RAUC come as [Error], with its own words
// and, where they are known, plain ones.
//
// It does not guarantee that an installation ends when the context of
// [Client.Install] does: RAUC cannot be interrupted, and goes on.
package rauc
