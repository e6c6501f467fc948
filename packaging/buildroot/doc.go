// Package buildroot tests what the images run beside intercomd: the boot
// backend, the downgrade guard, the guard of trials and the check of /data. The
// scripts run as they are, on folders and files that stand for a board; the
// firmware, RAUC and a kernel come in with e2e/ota.
//
// check.sh looks at the rest of the external tree: the boards' configurations,
// the image of the card and the bundle.
package buildroot
