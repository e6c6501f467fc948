package quickblox

import (
	"errors"
	"fmt"
)

// ErrNotCall says that a stanza is no call signal and is to be ignored: not a
// headline message, no extraParams, another moduleIdentifier, a signalType the
// SDK does not know either, or delivered late (XEP-0203).
var ErrNotCall = errors.New("not a call signal")

// FieldError says what is wrong with a signal: of a received stanza that
// claims to be a call signal, or of a [call.Signal] that must not be sent.
type FieldError struct {
	Field  string // element of the stanza, e.g. "opponentsIDs"; "stanza" for the whole
	Reason string
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

func fieldErrorf(field, format string, args ...any) error {
	return &FieldError{Field: field, Reason: fmt.Sprintf(format, args...)}
}

// Limits of what is decoded and encoded. The largest stanza ever recorded from
// the SDK has 8 KB, one candidate and three opponents.
const (
	maxStanza        = 256 << 10 // bytes
	maxDescription   = 64 << 10  // bytes of SDP
	maxCandidates    = 64
	maxCandidate     = 1 << 10 // bytes of one candidate line or sdpMid
	maxOpponents     = 16
	maxUserInfoKeys  = 64
	maxUserInfoBytes = 16 << 10 // names and values together
	maxIdentifier    = 256      // bytes of sessionID, offerId and platform
	maxResource      = 1023     // bytes, RFC 7622 section 3.4
	maxDepth         = 8        // elements inside each other, below extraParams
	maxElements      = 1024     // elements in a stanza
)
