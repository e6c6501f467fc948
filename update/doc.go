// Package update keeps the device's software up to date. It looks for signed
// manifests on a web server, decides whether an update is for this device and
// may be installed now, lets RAUC install it, restarts the device when nobody
// is disturbed, and after the restart commits the new version once it is
// healthy, or lets the board fall back to the old one.
package update
