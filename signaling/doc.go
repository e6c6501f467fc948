// Package signaling is the XMPP link: it logs in, stays logged in, and carries
// call signals both ways.
//
// mellium.im/xmpp negotiates each stream: TLS, SASL and resource binding
// (RFC 6120). After that the link reads and writes the stream itself. Inbound
// bytes are cut into top-level elements by a small lexer, which holds at most
// one stanza of a bounded size; each stanza is parsed on its own, so a bad one
// is dropped and the stream lives on. Outbound stanzas are the bytes of the
// [Codec], written whole by one goroutine.
//
// The package guarantees:
//   - [Link.Run] reconnects for ever, with full-jitter backoff, slower after a
//     refused login or a resource conflict, and returns nil when cancelled.
//   - No peer can block it: connecting, negotiating, writing and waiting for
//     signs of life are all bounded, and every bound ends in closing the socket.
//   - [Link.Ping] is answered while the link works, also when the server is away
//     or hangs, and no more once its loop is stuck.
//   - [Link.Send] never blocks. Signals to one user leave in the order given.
//     A signal that could not leave before its deadline is dropped and logged.
//   - Credentials go only to a server whose certificate was verified for the
//     configured domain, unless the configuration allows an insecure link.
//   - No password and no stanza content is logged.
//
// It does not guarantee delivery: what was written to a socket that then died
// may be lost, and headlines to a user who is offline are dropped by the
// server. Stream management (XEP-0198) would narrow the first gap; its place is
// the bind feature (it has to be negotiated there), the framer (which sees
// every inbound stanza) and stream.write (which sees every outbound one).
package signaling
