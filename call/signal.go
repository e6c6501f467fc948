package call

// SignalType is the kind of a signal; the values are those of the wire's
// signalType element.
type SignalType string

// The signal types of the SDK 2.23.0; there are no others.
const (
	SignalCall       SignalType = "call"
	SignalAccept     SignalType = "accept"
	SignalReject     SignalType = "reject"
	SignalHangUp     SignalType = "hangUp"
	SignalCandidates SignalType = "iceCandidates"
	SignalUpdate     SignalType = "update"
)

// Signal is one signalling message between two users. A zero field was absent.
type Signal struct {
	Type SignalType

	// Peer is the other side: the sender of a received signal, with its
	// resource, and the receiver of one to be sent. An empty resource rings
	// every device of the user.
	Peer Address

	Session   SessionID
	CallType  Type
	Initiator UserID   // callerID: who made the session, in every signal of it
	Opponents []UserID // the initiator's callees, without the initiator
	Platform  string

	SDP        string      // call, accept: the description; CRLF or LF lines
	Extension  Extension   // userInfo without bandwidth
	Bandwidth  int         // userInfo.bandwidth: limit of video in kbit/s, 0 is none
	Candidates []Candidate // iceCandidates; never empty in a signal to be sent

	Reconnect *ReconnectDescription // update with reason "reconnect"
}

// Candidate is one ICE candidate (RFC 8839 candidate-attribute).
type Candidate struct {
	Candidate     string // "candidate:…", without "a="
	SDPMid        string
	SDPMLineIndex uint16
}

// ReconnectDescription is the description an update carries when a broken
// connection is replaced by a new PeerConnection.
type ReconnectDescription struct {
	OfferID string // UUID made by the offerer, echoed by the answer
	Type    DescriptionType
	SDP     string
}

// DescriptionType is the type of a session description (RFC 8829).
type DescriptionType string

// The description types in use.
const (
	Offer  DescriptionType = "offer"
	Answer DescriptionType = "answer"
)

// Signaler sends signals to other users. Send queues and returns at once; the
// adapter owns retries, deadlines and order (signals to one user stay in the
// order given).
type Signaler interface {
	Send(Signal)
}
