package quickblox

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/call"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzDecode shows that no stanza makes Decode panic, that its errors are of
// the kinds promised, and that what it takes is within the limits.
func FuzzDecode(f *testing.F) {
	for name := range messagesIn {
		for _, frame := range readFrames(f, filepath.Join("testdata", "transcripts", name+".xml")) {
			f.Add([]byte(frame.stanza))
		}
	}
	codec := newTestCodec(f)
	f.Fuzz(func(t *testing.T, stanza []byte) {
		s, err := codec.Decode(stanza)
		var field *FieldError
		if err != nil {
			require.True(t, errors.Is(err, ErrNotCall) || errors.As(err, &field), err.Error())
			return
		}
		require.NoError(t, checkSignal(&s))
		require.LessOrEqual(t, len(s.Extension), maxUserInfoKeys)
		require.Contains(t, string(stanza), "type")
		if _, err := codec.Encode(s); err != nil {
			require.ErrorAs(t, err, &field)
			require.Contains(t, []string{"userInfo", "stanza"}, field.Field, "only a key or its size may stand against sending it on: %v", err)
		}
	})
}

// FuzzRoundTrip shows that what Encode sends arrives as it was.
func FuzzRoundTrip(f *testing.F) {
	f.Add(uint8(0), "s1", "web", "v=0\r\n", "a.b", "1", "a.c", "2", 0, "candidate:1", "0", uint16(0))
	f.Add(uint8(4), "s1", "web", "", "name", "A & <B>", "b", "\r]]>", 512, "candidate:1", "video", uint16(1))
	f.Add(uint8(5), "id", "", "v=0\n", "", "", "", "", 0, "", "", uint16(0))
	codec := newTestCodec(f)
	types := []call.SignalType{call.SignalCall, call.SignalAccept, call.SignalReject, call.SignalHangUp, call.SignalCandidates, call.SignalUpdate}
	f.Fuzz(func(t *testing.T, typ uint8, session, platform, sdp, key1, value1, key2, value2 string, bandwidth int, candidate, mid string, index uint16) {
		s := call.Signal{Type: types[int(typ)%len(types)], Peer: call.Address{User: 104, Resource: "dev"}, Session: call.SessionID(session),
			CallType: call.Audio, Initiator: 101, Opponents: []call.UserID{104, 105}, Platform: platform, Bandwidth: bandwidth,
			Extension: call.Extension{key1: value1, key2: value2}}
		switch s.Type {
		case call.SignalCall, call.SignalAccept, call.SignalReject:
			s.SDP = sdp
		case call.SignalCandidates:
			s.Candidates = []call.Candidate{{Candidate: candidate, SDPMid: mid, SDPMLineIndex: index}}
		case call.SignalUpdate:
			s.Reconnect = &call.ReconnectDescription{OfferID: mid, Type: call.Offer, SDP: sdp}
		}
		encoded, err := codec.Encode(s)
		if err != nil {
			return
		}
		got, err := codec.Decode([]byte(strings.Replace(string(encoded), " to=", ` from="104-7@chat.qb.test/dev" to=`, 1)))
		require.NoError(t, err, "%s", encoded)
		assert.Equal(t, asCarried(s), got)
	})
}

// asCarried is the signal as XML carries it.
func asCarried(s call.Signal) call.Signal {
	ext := call.Extension{}
	for k, v := range s.Extension {
		ext[k] = carried(v)
	}
	s.Extension = ext
	s.SDP = unixLines(s.SDP)
	if s.Reconnect != nil {
		r := *s.Reconnect
		r.SDP = unixLines(r.SDP)
		s.Reconnect = &r
	}
	return s
}
