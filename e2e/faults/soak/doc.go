// Package soak makes calls of random kind with random faults, and counts how
// they went.
//
// Several lines work side by side. A line is a device (the built daemon in a
// network of its own), its Prosody, and the phones of three contacts. Each call
// of a line is drawn from the seed: what people do, what goes wrong, when, and
// for how long. What comes of it depends on time; every kind has the outcomes
// that are right, and whatever else happens is reported with the end of the
// device's log.
//
// After each call the device must be idle again, with camera and microphone
// closed, and everybody logged in; what its process holds then is sampled, and
// the report tells whether memory, goroutines and descriptors grow.
//
// The test is built with the tag e2e, needs root, and takes the daemon from
// bin/intercomd. scripts/soak.sh runs it for long.
package soak
