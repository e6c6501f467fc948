// Package faults holds tests of what networks and servers do to a device, with
// real peers and real servers. Each folder is one kind of fault:
//
//   - relay: the spoiled network itself, a library;
//   - xmpp: the XMPP server is killed, restarted, cut off, silent or slow;
//   - sdk: the link of the device or of a client with the QuickBlox SDK is cut;
//   - abuse: peers and strangers that misbehave on purpose;
//   - soak: many calls of random kind with random faults.
//
// All but the pure parts of relay are built with the tag e2e only and need root,
// for network namespaces and for servers that run as their own users. Plain
// `go test -tags e2e ./e2e/faults/...` runs the short part of each; the long
// runs are scripts/faults-*.sh and scripts/soak.sh.
package faults
