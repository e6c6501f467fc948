// Package deb tests the Debian package on a Debian machine: a minimal root
// (mmdebstrap) that systemd-nspawn boots with systemd as its first process, in
// namespaces of its own.
//
// The machine shares the host's kernel, so cameras, sound cards and GPIO lines
// are not there, and of the unit's device rules only systemd-analyze's verdict
// is tested. Its only network is its own loopback. The arm64 package is not
// installed; scripts/release.sh looks into it.
//
// The tests carry the build tag e2e and need root, and what they call:
// systemd-container, mmdebstrap, lintian, jq.
//
//	go test -tags e2e -count=1 -v ./e2e/deb
//
// The root is kept as build/e2e-deb/root.tar; remove it to get a new one.
package deb
