// Package handset is the handset page of LAN mode: a web page that turns any
// browser into a handset of the door. It uses the QuickBlox JavaScript SDK, and
// talks to the XMPP server at the WebSocket it is told.
//
// The SDK is not part of this repository. scripts/fetch-sdk.sh puts it, gzipped, into
// static/vendor before the binary is built; without it the page says how to
// get it.
//
// The package guarantees that
//   - a password leaves the process only towards a page on this very machine:
//     the connection comes from loopback, without a proxy, the page's host is a
//     name of loopback with the listener's own port (so a foreign site whose
//     name was rebound to 127.0.0.1 gets nothing), and the request comes from
//     that page itself;
//   - the page loads nothing from elsewhere, and no other site can frame it
//     (Content-Security-Policy).
package handset
