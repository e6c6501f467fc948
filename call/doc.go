// Package call is the domain of intercomd: call sessions in the words of the
// QuickBlox JavaScript SDK (https://docs.quickblox.com/docs/js-video-calling),
// as a Go API.
//
// A [Client] owns every [Session]. One goroutine holds all mutable state; the
// decisions are taken by a pure state machine per session which is given
// events and the time, and answers with actions and its next deadline. The
// outside world is reached through two ports, [Signaler] and [Media], whose
// methods never block.
//
//	requests ─┐          ┌ switchboard ──────┐           ┌▶ Signaler.Send
//	signals ──┼▶ inbox ─▶│ policy, limits    │─ actions ─┼▶ Media.Do
//	media ────┘          │ machine … machine │           └▶ outbox ─▶ Listener
//	                     └───────────────────┘
//
// The package guarantees: the same events at the same times give the same
// actions; a [Listener] is called from one goroutine, in the SDK's order,
// never under a lock, so it may call back into the API; an illegal request is
// an error that changes nothing; after CLOSED a session holds no media and no
// timer. It does not guarantee that a signal arrives: XMPP headlines are lost
// when the receiver is offline, which is why `call` is repeated.
//
// # Who sees and hears
//
// Config.Allowed decides who may ring and who may join a group; for a session
// of our own, naming the opponents does. Others are rejected without a session
// and without media, also as members of a group to which somebody allowed
// called us. Signals count by who sent them, not by what they say: only members
// of a session can touch it, and nothing received later changes its members.
// Only the initiator's own `call` makes a session ring.
//
// What a user can make us do is limited: 5 sessions or rejects at once and 1
// a second, 200 signals at once and 50 a second. Of calls that nobody here
// accepts, a user may ring 5 times at once and then once in 10 s; further ones
// find us busy. With 8 sessions we are busy for everybody. All users who are not
// allowed share 20 rejects at once and 5 a second, and get no answer beyond. A
// hangUp, accept or offer of a session that is over here counts like a reject.
// The app hears of 20 updates of a peer at once and 10 a second. Repairs cost 5
// PeerConnections per peer at once, one in 2 s, and 32 that never connect; each
// takes 256 candidates of 512 bytes. A description has 64 KiB at most, and a
// session keeps two of them per peer.
//
// A call rings AnswerTimeInterval and not longer, whatever arrives. That its
// caller is silent does not end it earlier: some clients call once. A session is
// known by its id and its initiator, so that nobody keeps it from ringing by
// using its id first.
//
// # Several devices of a user
//
// Only the device that called or accepted steers the call. An SDK gets another
// resource, though, whenever its link to the server is made anew, and is then
// not known by its address. So the connection decides. While it works nothing of
// another device changes the call or reaches the app; an offer of one has the
// path looked at ([Probe]), is kept for 10 s, and is answered if the path is dead
// or the connection breaks. If it is found working twice, a second apart, the
// offer is dropped. While the connection is broken, and for 8 s after a repair,
// the first device whose description is taken is the one in the call from then
// on. A device that accepted too late is told so, and never listened to. This has a price: after a loss of
// the link to the server alone the app of an SDK cannot send updates until a
// connection is repaired.
//
// # Where it does better than the SDK
//
// Everything an SDK can see of a peer is as it expects. Beyond that:
//   - When nobody answers, hangUp is sent, so that phones stop ringing.
//   - The device that accepted first is in the call. Another of the same user
//     that accepts later gets a hangUp of its own; what others reject or hang
//     up is ignored, except a hangUp from a new resource when the path turns out
//     to be dead, or the connection breaks within 10 s.
//   - The session's hangUp goes to every device of a user, so that those that
//     still ring stop; candidates and the app's updates go to the one in the
//     call.
//   - After an accept all candidates are sent once more 400 ms later. An SDK
//     may sit on those that came before until another message comes.
//   - A caller that goes on dialing although we accepted gets the accept again.
//   - In a group, calls of other callees that come while it rings here are
//     answered with accept, not at their next repeat; a group call whose
//     initiator gives up stops ringing.
//   - A call whose first exchange brings no connection within 10 s is repaired
//     like one that lost it, and given up like one. An offer to repair that comes
//     while we still ring is an accept that was lost.
//   - Late repeats of a `call` that was ended here do not ring again for 5
//     minutes, nor does a `call` that its hangUp has overtaken. Who accepts a call
//     that is over here, or tries to repair it, gets a hangUp.
//   - The busy answer to a late repeat of a `call` does not end the call that
//     came of it.
//
// # Both sides call at once
//
// An SDK that calls us while we call it rejects our call as busy, and would be
// rejected by another SDK: nobody talks. Here the call of the lower id goes
// first. The higher side drops its own call and rings. The lower side leaves
// the other call alone, neither ringing nor rejecting: if the other side is
// one of ours it gives way, if it is an SDK it rejects our call, and the next
// repeat of its own rings. Either way there is one call, at most one dialing
// interval later. If the incoming call would find us busy with yet another
// session, it is rejected and ours goes on.
//
// # Reconnection
//
// RECONNECTING is told when ICE says that a connection is broken, or when a
// repair begins without that; FAILED exactly DisconnectTimeInterval later, unless
// RECONNECTED comes first. FAILED closes the peer. An SDK fails at the same time
// by itself; 7 s later a hangUp tells one that did not notice. In a conference
// each peer is repaired by itself.
//
// A repair is an offer of a new PeerConnection in an update, and its answer. An
// SDK offers once, when its connection was broken for 5 s and it can reach the
// server. Every offer of the device in the call is answered, also when the
// connection looks fine from here: it has closed its end. Ours is made
//
//   - at once, when the network is back with other addresses, or a probe finds
//     the path dead, and when the network or the link to the server is back after
//     the connection was broken for 5 s;
//   - 9 s after RECONNECTING to a peer that merely went silent: an SDK whose own
//     link is cut keeps its end until it is back, and so do we, also beyond;
//   - 8 s after an exchange that brought no connection.
//
// When our offer replaces a connection that is silent (ICE disconnected, not
// failed, and not closed by the peer), the old PeerConnection stays open beside
// the new one until descriptions are exchanged, an offer of the peer comes, or it
// fails. If it connects before that, it goes on as the connection: RECONNECTED is
// told, the new one is closed and its offer withdrawn. A peer that answers the
// withdrawn offer has closed the old one, so it gets another offer at once. There
// are two PeerConnections of a peer at most.
//
// [Client.NetworkChanged] and [Client.SignalingChanged] tell of the device's own
// links. Without a network no PeerConnection is made, and an offer is made only
// when it can reach the peer. A network that is back with the addresses it had,
// or that changed without having been away, is no reason to replace a connection:
// it is probed, and left alone if it works. After a link that goes on where it
// broke off, an offer of the peer that waited at the server comes first: ours is
// held back 50 ms, or 150 ms for a peer with the higher id. After a link that
// begins anew, the running offer or answer, and the accept of a call that is not
// connected, are sent again if they were sent before the link was lost.
//
// Of two offers that of the user with the higher id counts. An SDK with the
// higher id answers an offer with one of its own, so ours are 3 s apart, and
// unanswered ones are sent again as they are after 4 s. One with the lower id
// answers each copy with another PeerConnection, so after 4 s ours is made anew;
// so it is where two offers crossed, and where two different answers came.
//
// It imports the standard library only.
package call
