package quickblox

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/intercomd/intercomd/call"
)

// Decode reads one whole message stanza. The order of fields does not matter
// and unknown ones are ignored. A stanza that is no call signal gives
// [ErrNotCall], a call signal that breaks the protocol a [FieldError].
//
// A `call` needs sessionID, callType, callerID, opponentsIDs and sdp, an
// `accept` sessionID and sdp, `iceCandidates` sessionID and a candidate; the
// other types need only sessionID, because clients of the older "Signaling
// v1.0" send no more. Entries that are no user are left out of opponentsIDs.
func (c *Codec) Decode(stanza []byte) (call.Signal, error) {
	s, err := c.decode(stanza)
	if err != nil {
		return call.Signal{}, fmt.Errorf("decode signal: %w", err)
	}
	return s, nil
}

func (c *Codec) decode(stanza []byte) (call.Signal, error) {
	params, from, err := parseMessage(stanza)
	if err != nil {
		return call.Signal{}, err
	}
	if strings.TrimSpace(params.childText("moduleIdentifier")) != moduleIdentifier {
		return call.Signal{}, fmt.Errorf("%w: no moduleIdentifier %s", ErrNotCall, moduleIdentifier)
	}
	s := call.Signal{Type: call.SignalType(strings.TrimSpace(params.childText("signalType")))}
	if !knownType(s.Type) {
		return call.Signal{}, fmt.Errorf("%w: signalType %.32q is unknown", ErrNotCall, string(s.Type))
	}
	if s.Peer, err = c.Address(from); err != nil {
		return call.Signal{}, fieldErrorf("from", "%v", err)
	}
	if err := readSignal(&s, params); err != nil {
		return call.Signal{}, err
	}
	return s, nil
}

func knownType(t call.SignalType) bool {
	switch t {
	case call.SignalCall, call.SignalAccept, call.SignalReject, call.SignalHangUp, call.SignalCandidates, call.SignalUpdate:
		return true
	}
	return false
}

func readSignal(s *call.Signal, params *element) error {
	s.Session = call.SessionID(params.childText("sessionID"))
	s.Platform = params.childText("platform")
	if err := readParties(s, params); err != nil {
		return err
	}
	if err := readContent(s, params); err != nil {
		return err
	}
	if err := readUserInfo(s, params.child("userInfo")); err != nil {
		return err
	}
	return checkSignal(s)
}

func readParties(s *call.Signal, params *element) error {
	switch strings.TrimSpace(params.childText("callType")) {
	case "1":
		s.CallType = call.Video
	case "2":
		s.CallType = call.Audio
	}
	s.Initiator, _ = parseUserID(params.childText("callerID")) // 0 when absent or none
	list := params.child("opponentsIDs")
	if list == nil {
		return nil
	}
	if len(list.children) > maxOpponents {
		return fieldErrorf("opponentsIDs", "%d users, at most %d allowed", len(list.children), maxOpponents)
	}
	for _, entry := range list.children {
		if id, err := parseUserID(entry.text); err == nil {
			s.Opponents = append(s.Opponents, id)
		}
	}
	return nil
}

// readContent reads what the type of the signal carries; the same element in
// another type is an unknown field.
func readContent(s *call.Signal, params *element) error {
	switch s.Type {
	case call.SignalCall, call.SignalAccept, call.SignalReject:
		s.SDP = params.childText("sdp")
	case call.SignalCandidates:
		return readCandidates(s, params.child("iceCandidates"))
	case call.SignalUpdate:
		if strings.TrimSpace(params.childText("reason")) == reasonReconnect {
			return readReconnect(s, params.child("sessionDescription"))
		}
	}
	return nil
}

func readReconnect(s *call.Signal, description *element) error {
	if description == nil {
		return fieldErrorf("sessionDescription", "is missing")
	}
	s.Reconnect = &call.ReconnectDescription{
		OfferID: description.childText("offerId"),
		Type:    call.DescriptionType(strings.TrimSpace(description.childText("type"))),
		SDP:     description.childText("sdp"),
	}
	return nil
}

func readCandidates(s *call.Signal, list *element) error {
	if list == nil {
		return nil // checkContent says what is missing
	}
	if len(list.children) > maxCandidates {
		return fieldErrorf("iceCandidates", "%d candidates, at most %d allowed", len(list.children), maxCandidates)
	}
	for _, entry := range list.children {
		candidate, err := readCandidate(entry)
		if err != nil {
			return err
		}
		if candidate.Candidate != "" { // empty: end of candidates (RFC 8838), no news here
			s.Candidates = append(s.Candidates, candidate)
		}
	}
	return nil
}

func readCandidate(entry *element) (call.Candidate, error) {
	candidate := call.Candidate{
		Candidate: entry.childText("candidate"),
		SDPMid:    entry.childText("sdpMid"),
	}
	index := strings.TrimSpace(entry.childText("sdpMLineIndex"))
	if index == "" {
		return candidate, nil
	}
	n, err := strconv.ParseUint(index, 10, 16)
	if err != nil {
		return candidate, fieldErrorf("sdpMLineIndex", "%.32q is not a number from 0 to 65535", index)
	}
	candidate.SDPMLineIndex = uint16(n)
	return candidate, nil
}

func readUserInfo(s *call.Signal, userInfo *element) error {
	if userInfo == nil {
		return nil
	}
	f := flattener{ext: call.Extension{}}
	if err := f.add(userInfo, ""); err != nil {
		return err
	}
	s.Bandwidth = parseBandwidth(f.bandwidth)
	if len(f.ext) > 0 {
		s.Extension = f.ext
	}
	return nil
}
