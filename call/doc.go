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
// The package guarantees: the same events at the same times give the same
// actions; a [Listener] is called from one goroutine, in the SDK's order,
// never under a lock, so it may call back into the API; an illegal request is
// an error that changes nothing; after CLOSED a session holds no media and no
// timer. It does not guarantee that a signal arrives: XMPP headlines are lost
// when the receiver is offline, which is why `call` is repeated.
//
// It imports the standard library only.
package call
