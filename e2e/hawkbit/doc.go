// Package hawkbit tests what packaging/hawkbit ships for fleets on hawkBit.
//
// [Server] stands in for hawkBit: it speaks the part of the Direct Device
// Integration interface (DDI, version 1) that rauc-hawkbit-updater 1.4 uses,
// over HTTPS, and notes what devices send. [Installer] stands in for RAUC on a
// private D-Bus: it fetches the bundle as RAUC would, with the headers that it
// is given and the certificates of the machine, and reports progress.
//
// The tests without a tag check the shipped files: every key of config.conf is
// one that version 1.4 reads, hawkbit-config writes what it should and refuses
// what it must, the drop-in leaves no right it does not need; and that the
// stand-in answers as the interface says. The tests with the tag e2e run the
// real updater with the shipped configuration against both stand-ins, if
// HAWKBIT_UPDATER names its program (Debian has none); without it they say that
// nothing was run. They need root (for a mount that puts the test's certificate
// in place of the machine's) and dbus-daemon.
//
// Not covered: a real hawkBit server, a real installation by RAUC (e2e/ota does
// that), artifacts given by http:, and client certificates in place of a token.
package hawkbit
