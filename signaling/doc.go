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
//   - With a server that resumes streams (XEP-0198), no signal is lost, doubled
//     or put out of order because a connection broke, as long as the server
//     keeps the session; see below.
//   - Credentials go only to a server whose certificate was verified for the
//     configured domain, unless the configuration allows an insecure link. That
//     holds for servers that the server names, too. What was read in plain text
//     before the handshake is forgotten.
//   - No password and no stanza content is logged.
//
// # Connections that break
//
// What was sent is kept until the server acknowledges it, at most 256 stanzas
// and 1 MB; when that much waits, signals stay in the outbox. After a resumption
// everything unacknowledged is sent again, once, in order and with the same
// stanza ids. Where the server has let the session go, as after its restart, the
// same goes for signals after the new login; those may then arrive twice, and
// requests and presence are not repeated. Either way a signal past its deadline,
// or a call whose hangUp waits, is dropped instead. The link remembers no ids of
// received stanzas: a resumed session needs none, and package call takes a
// signal that comes twice for one.
//
// A server is asked for a sign of life after every signal and after 25 s of
// silence (5 s in a call, [Link.SetInCall]), and given up when none comes. After
// [Link.NetworkChanged] it has 300 ms: a resumption takes 20 to 60 ms with
// Prosody and ejabberd beside it, while the old connection's retransmission
// timers may have grown to seconds. While the network is down nothing is sent and
// nobody is dialled, as packets without an answer hold up those after the return.
//
// A server marks what it kept for a session as late (XEP-0203). In a resumed
// session its own marks are taken off before the [Codec] sees the stanza, which
// would drop it; only a call is dropped when the link was away for more than a
// minute. Marks in a new session mean messages from before it, and stay.
//
// Without stream management delivery is not guaranteed: what was written to a
// socket that then died may be lost. Headlines to a user who is offline are
// dropped by any server.
//
// # Which server, and when
//
// Waits are random below a bound that doubles from 0.5 s and stays at 4 s (1 s in
// a call) for the first minute after a stream of at least 5 s, then grows to 30 s.
// After a refusal they are a minute and more.
//
// SRV records count with their priorities and weights, at most eight; where one
// address fails, also while logging in, the next is tried. While the DNS does not
// answer, the address that worked last is. A session is resumed at the address it
// was on. A server may name another (see-other-host), three times in a row at
// most.
//
// A second conflict about the resource within ten minutes means that another
// device with the same account is really there, for instance one with a copied
// card. The link then steps aside and takes a resource of its own, so that both
// devices ring and can be rung, and says so in the log.
//
// TLS waits for the wall clock: before 2020 no certificate can be checked.
package signaling
