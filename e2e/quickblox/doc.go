// Package quickblox tests intercomd end to end with the peers it is made for:
// the real QuickBlox JavaScript SDK in real browsers, over a real XMPP server,
// each party in a network of its own (see package rig).
//
// The tests carry the build tag e2e and need root; scripts/e2e-quickblox.sh
// prepares and runs them:
//
//	scripts/e2e-quickblox.sh                  # all scenarios
//	SCENARIO=reject scripts/e2e-quickblox.sh  # those whose name matches
//
// Media is judged by what comes out: pictures that are decoded, change and are
// not black, and the energy of the tone a party plays in what the other one
// hears. Every step waits for an event up to a deadline.
package quickblox
