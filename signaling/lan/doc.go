// Package lan is an XMPP server inside the process: for a door that serves its
// own handsets without any server beside it, for the demo and for tests.
//
// It speaks to clients only (no federation, no storage): XMPP over TCP with
// StartTLS (RFC 6120), over WebSocket (RFC 7395), and over an in-process pipe
// ([Server.Dial]). It knows SASL SCRAM-SHA-256, SCRAM-SHA-1 and PLAIN, resource
// binding, presence among the resources of one user, messages between users,
// and answers the few requests the QuickBlox SDK makes while it connects:
// legacy session, ping (XEP-0199), carbons, an empty roster, empty service
// discovery. Every other request gets service-unavailable.
//
// The package guarantees:
//   - only users of [Config.Users] log in; PLAIN is offered only where the
//     transport hides the password (TLS, the pipe, a WebSocket that is TLS or
//     comes from this machine); passwords are compared in constant time, and
//     wrong ones slow their address down until guessing is hopeless;
//   - `from` of every delivered stanza is the sender's real full JID;
//   - stanzas from one client to another keep their order, and a delivered
//     stanza is well-formed, free of markup declarations, and equal to the sent
//     one in the sense of XML and its namespaces: text keeps every newline;
//   - a client can exhaust nothing: sizes, depths, rates, queues, connections
//     and times are bounded ([Limits]), and a slow client delays nobody else;
//   - every goroutine is waited for by [Server.Close], [Server.Run] and
//     [Server.Serve].
//
// It does not guarantee delivery: a headline to an absent user, or to one whose
// queue is full, is lost silently, as RFC 6121 8.5.2.2 allows. Presence
// priorities and subscriptions have no meaning here.
package lan
