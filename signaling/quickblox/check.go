package quickblox

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/intercomd/intercomd/call"
)

// checkSignal refuses what deafens or misleads an SDK client, and what Decode
// would not take. writeUserInfo checks the rest.
func checkSignal(s *call.Signal) error {
	if s.Peer.User <= 0 {
		return fieldErrorf("to", "user id %d is not positive", s.Peer.User)
	}
	if !isResource(s.Peer.Resource) {
		return fieldErrorf("to", "resource is not a text of at most %d bytes", maxResource)
	}
	if s.Session == "" {
		return fieldErrorf("sessionID", "is missing")
	}
	if err := checkIdentifier("sessionID", string(s.Session)); err != nil {
		return err
	}
	if err := checkIdentifier("platform", s.Platform); err != nil {
		return err
	}
	if err := checkParties(s); err != nil {
		return err
	}
	return checkContent(s)
}

func checkParties(s *call.Signal) error {
	if s.CallType != 0 && s.CallType != call.Video && s.CallType != call.Audio {
		return fieldErrorf("callType", "%d is not 1 (video) or 2 (audio)", int(s.CallType))
	}
	if s.Initiator < 0 {
		return fieldErrorf("callerID", "user id %d is not positive", s.Initiator)
	}
	if len(s.Opponents) > maxOpponents {
		return fieldErrorf("opponentsIDs", "%d users, at most %d allowed", len(s.Opponents), maxOpponents)
	}
	if i := slices.IndexFunc(s.Opponents, func(id call.UserID) bool { return id <= 0 }); i >= 0 {
		return fieldErrorf("opponentsIDs", "user id %d is not positive", s.Opponents[i])
	}
	return nil
}

// checkContent checks the fields by type of signal, for both directions.
func checkContent(s *call.Signal) error {
	switch s.Type {
	case call.SignalCall:
		if err := checkCall(s); err != nil {
			return err
		}
	case call.SignalAccept:
		if s.SDP == "" {
			return fieldErrorf("sdp", "is missing")
		}
	case call.SignalCandidates:
		if len(s.Candidates) == 0 {
			return fieldErrorf("iceCandidates", "holds no candidate")
		}
	case call.SignalUpdate:
		if err := checkReconnect(s.Reconnect); err != nil {
			return err
		}
	case call.SignalReject, call.SignalHangUp:
	default:
		return fieldErrorf("signalType", "%q is unknown", string(s.Type))
	}
	return checkAttachments(s)
}

func checkCall(s *call.Signal) error {
	switch {
	case len(s.Opponents) == 0:
		return fieldErrorf("opponentsIDs", "names nobody")
	case s.Initiator == 0:
		return fieldErrorf("callerID", "is missing")
	case s.CallType == 0:
		return fieldErrorf("callType", "is missing")
	case s.SDP == "":
		return fieldErrorf("sdp", "is missing")
	}
	return nil
}

// checkAttachments bounds description and candidates, and refuses them in
// signals that do not carry any.
func checkAttachments(s *call.Signal) error {
	if s.SDP != "" && s.Type != call.SignalCall && s.Type != call.SignalAccept && s.Type != call.SignalReject {
		return fieldErrorf("sdp", "does not belong into %s", s.Type)
	}
	if err := checkDescription("sdp", s.SDP); err != nil {
		return err
	}
	if len(s.Candidates) > 0 && s.Type != call.SignalCandidates {
		return fieldErrorf("iceCandidates", "does not belong into %s", s.Type)
	}
	if s.Reconnect != nil && s.Type != call.SignalUpdate {
		return fieldErrorf("sessionDescription", "does not belong into %s", s.Type)
	}
	if len(s.Candidates) > maxCandidates {
		return fieldErrorf("iceCandidates", "%d candidates, at most %d allowed", len(s.Candidates), maxCandidates)
	}
	for _, candidate := range s.Candidates {
		if err := checkCandidate(candidate); err != nil {
			return err
		}
	}
	return nil
}

func checkCandidate(c call.Candidate) error {
	if c.Candidate == "" {
		return fieldErrorf("candidate", "is missing")
	}
	if len(c.Candidate) > maxCandidate || !isText(c.Candidate) {
		return fieldErrorf("candidate", "is not a candidate of at most %d bytes", maxCandidate)
	}
	if len(c.SDPMid) > maxCandidate || !isText(c.SDPMid) {
		return fieldErrorf("sdpMid", "is not a text of at most %d bytes", maxCandidate)
	}
	return nil
}

func checkReconnect(r *call.ReconnectDescription) error {
	switch {
	case r == nil:
		return nil
	case r.OfferID == "":
		return fieldErrorf("offerId", "is missing")
	case r.Type != call.Offer && r.Type != call.Answer:
		return fieldErrorf("sessionDescription.type", "%q is not offer or answer", string(r.Type))
	case r.SDP == "":
		return fieldErrorf("sessionDescription.sdp", "is missing")
	}
	if err := checkIdentifier("offerId", r.OfferID); err != nil {
		return err
	}
	return checkDescription("sessionDescription.sdp", r.SDP)
}

func checkDescription(field, sdp string) error {
	if len(sdp) > maxDescription {
		return fieldErrorf(field, "%d bytes, at most %d allowed", len(sdp), maxDescription)
	}
	if !isText(sdp) {
		return fieldErrorf(field, "holds what XML cannot carry")
	}
	return nil
}

func checkIdentifier(field, s string) error {
	if len(s) > maxIdentifier || !isText(s) {
		return fieldErrorf(field, "is not a text of at most %d bytes", maxIdentifier)
	}
	return nil
}

// isResource says that s can be the resource of a JID, or absent.
func isResource(s string) bool {
	return len(s) <= maxResource && isText(s) && !strings.ContainsAny(s, "\t\r\n")
}

// isText says that s arrives as it is.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !isChar(r) })
}
