// Package sdk shows what becomes of a call with the real QuickBlox SDK when a
// link breaks, and the same with two SDKs, side by side.
//
// A [Stage] plays scenes in a [rig.Lab]. In a scene several calls stand at the
// same time and lose their links at the same moment: of a device and an SDK
// client with the device cut off, of a device and a client with the client cut
// off, and of two clients. All see the same load of the machine, so their times
// can be compared. A link is cut as a cable is pulled (the kernel tells), or
// silently, or the party moves to another interface with another address.
//
// Times count from just before the command that repairs the link. A client's
// picture is back when the page presents a new frame, a device's when its
// counter of video packets moves.
//
// The tests carry the build tag e2e, need root, and judge states and generous
// bounds of time; ratios are for the command matrix, which plays everything
// several times (scripts/faults-matrix.sh).
package sdk
