// Package abuse attacks a device, and measures what others notice of it.
//
// The attacks come from strangers, from contacts, from another device of the
// person in a call, from that person, from outside of any call at the ports of
// its media, from the XMPP server and from local programs. Each runs for a
// while against the built daemon with a real Prosody. Meanwhile a contact is
// rung again and again, or is in a call: how long it takes from a press until
// the phone rings, and the longest time without media, are set against the same
// without an attack.
//
// Whatever happens, these hold: the door rings for no stranger and stops in
// time, camera and microphone are not opened by an attack, memory stays within
// bounds, and the device is idle again afterwards.
//
// The test is built with the tag e2e, needs root, and takes the daemon from
// bin/intercomd. scripts/faults-abuse.sh runs it for longer.
package abuse
