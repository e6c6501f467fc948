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
// What a user can make us do is limited: 5 sessions or rejects at once and 1
// a second, 200 signals at once and 50 a second; with 8 sessions we are busy.
//
// # Where it does better than the SDK
//
// Everything an SDK can see of a peer is as it expects. Beyond that:
//   - When nobody answers, hangUp is sent, so that phones stop ringing.
//   - The device that accepted first is in the call. Another of the same user
//     that accepts later gets a hangUp of its own; what others reject or hang
//     up is ignored, except a hangUp from a new resource when the connection
//     breaks within 10 s (the phone's link to the server was replaced). A
//     device that sends an update from a new resource is followed there.
//   - The session's hangUp goes to every device of a user, so that those that
//     still ring stop; candidates and the app's updates go to the one in the
//     call.
//   - After an accept all candidates are sent once more 400 ms later. An SDK
//     may sit on those that came before until another message comes.
//   - A caller that goes on dialing although we accepted gets the accept again.
//   - In a group, calls of other callees that come while it rings here are
//     answered with accept, not at their next repeat; a group call whose
//     initiator gives up stops ringing.
//   - A peer that accepted but never gets connected is given up.
//   - Late repeats of a `call` that was ended here do not ring again.
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
// A connection that breaks has 5 s to recover. Then each side offers a new
// PeerConnection in an update; of two offers that of the user with the higher
// id counts, but any offer that comes alone is answered, whether or not the
// connection looks broken from here. The offer is repeated every 5 s, and made
// anew when an exchange brought no connection within 8 s. What is not connected
// DisconnectTimeInterval after the break is closed, without a hangUp.
//
// It imports the standard library only.
package call
