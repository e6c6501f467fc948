package quickblox

import (
	"fmt"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/call"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func outgoingCall() call.Signal {
	return call.Signal{Type: call.SignalCall, Peer: call.Address{User: 102}, Session: "de7a790a", CallType: call.Video,
		Initiator: 101, Opponents: []call.UserID{102, 103}, Platform: "intercom", SDP: "v=0\r\ns=-\r\n"}
}

func TestEncode(t *testing.T) {
	const head = `<message xmlns="jabber:client" id="6b02b71018542e61aa000000" to="102-7@chat.qb.test" type="headline"><extraParams xmlns="jabber:client">`
	const session = `<sessionID>de7a790a</sessionID><callType>1</callType><callerID>101</callerID><opponentsIDs><opponentID>102</opponentID><opponentID>103</opponentID></opponentsIDs>`
	const sdp = "<sdp>v=0\ns=-\n</sdp>"
	tail := func(typ string) string {
		return `<moduleIdentifier>WebRTCVideoChat</moduleIdentifier><signalType>` + typ + `</signalType><platform>intercom</platform></extraParams></message>`
	}
	for _, c := range []struct {
		name   string
		change func(*call.Signal)
		want   string
	}{
		{"call", func(s *call.Signal) {}, head + "<userInfo><bandwidth>0</bandwidth></userInfo>" + session + sdp + tail("call")},
		{"call with extension", func(s *call.Signal) {
			s.Extension = call.Extension{"name": "A & <B>", "a": "1"}
			s.Bandwidth = 512
		}, head + "<userInfo><a>1</a><name>A &amp; &lt;B&gt;</name><bandwidth>512</bandwidth></userInfo>" + session + sdp + tail("call")},
		{"accept", func(s *call.Signal) { s.Type = call.SignalAccept }, head + session + sdp + tail("accept")},
		{"accept to one device", func(s *call.Signal) {
			s.Type = call.SignalAccept
			s.Peer.Resource = `a'"<b`
		}, strings.Replace(head, "test\"", "test/a'&quot;&lt;b\"", 1) + session + sdp + tail("accept")},
		{"reject", func(s *call.Signal) { s.Type, s.SDP = call.SignalReject, "" }, head + session + tail("reject")},
		{"busy", func(s *call.Signal) { s.Type = call.SignalReject },
			head + "<userInfo><bandwidth>0</bandwidth></userInfo>" + session + sdp + tail("reject")},
		{"hangUp with extension", func(s *call.Signal) {
			s.Type, s.SDP = call.SignalHangUp, ""
			s.Extension = call.Extension{"why": ""}
		}, head + "<userInfo><why></why></userInfo>" + session + tail("hangUp")},
		{"iceCandidates", func(s *call.Signal) {
			s.Type, s.SDP = call.SignalCandidates, ""
			s.Candidates = []call.Candidate{{Candidate: "candidate:1", SDPMid: "0"}, {Candidate: "candidate:2", SDPMLineIndex: 1}}
		}, head + session + "<iceCandidates><iceCandidate><candidate>candidate:1</candidate><sdpMid>0</sdpMid><sdpMLineIndex>0</sdpMLineIndex></iceCandidate>" +
			"<iceCandidate><candidate>candidate:2</candidate><sdpMLineIndex>1</sdpMLineIndex></iceCandidate></iceCandidates>" + tail("iceCandidates")},
		{"reconnect", func(s *call.Signal) {
			s.Type, s.SDP = call.SignalUpdate, ""
			s.Reconnect = &call.ReconnectDescription{OfferID: "o1", Type: call.Offer, SDP: "v=0\r\n"}
		}, head + "<reason>reconnect</reason><sessionDescription><offerId>o1</offerId><sdp>v=0\n</sdp><type>offer</type></sessionDescription>" + session + tail("update")},
		{"absent fields", func(s *call.Signal) {
			*s = call.Signal{Type: call.SignalHangUp, Peer: s.Peer, Session: s.Session}
		}, head + "<sessionID>de7a790a</sessionID>" + strings.Replace(tail("hangUp"), "<platform>intercom</platform>", "", 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := outgoingCall()
			c.change(&s)
			got, err := newTestCodec(t).Encode(s)
			require.NoError(t, err)
			assert.Equal(t, c.want, string(got))
		})
	}
}

// TestEncodeRefuses shows that nothing leaves that makes an SDK client deaf or
// that it would misread.
func TestEncodeRefuses(t *testing.T) {
	candidates := func(c ...call.Candidate) func(*call.Signal) {
		return func(s *call.Signal) { s.Type, s.SDP, s.Candidates = call.SignalCandidates, "", c }
	}
	reconnect := func(r call.ReconnectDescription) func(*call.Signal) {
		return func(s *call.Signal) { s.Type, s.SDP, s.Reconnect = call.SignalUpdate, "", &r }
	}
	key := func(k string) func(*call.Signal) {
		return func(s *call.Signal) { s.Extension = call.Extension{k: "v"} }
	}
	for _, c := range []struct {
		name   string
		change func(*call.Signal)
		want   string
	}{
		{"no type", func(s *call.Signal) { s.Type = "" }, `signalType: "" is unknown`},
		{"unknown type", func(s *call.Signal) { s.Type = "foo" }, `signalType: "foo" is unknown`},
		{"nobody", func(s *call.Signal) { s.Peer.User = 0 }, "to: user id 0 is not positive"},
		{"resource", func(s *call.Signal) { s.Peer.Resource = "a\nb" }, "to: resource is not a text of at most 1023 bytes"},
		{"no session", func(s *call.Signal) { s.Session = "" }, "sessionID: is missing"},
		{"session", func(s *call.Signal) { s.Session = "\x00" }, "sessionID: is not a text of at most 256 bytes"},
		{"platform", func(s *call.Signal) { s.Platform = "\xff" }, "platform: is not a text of at most 256 bytes"},
		{"no opponents", func(s *call.Signal) { s.Opponents = nil }, "opponentsIDs: names nobody"},
		{"opponent 0", func(s *call.Signal) { s.Opponents = []call.UserID{0} }, "opponentsIDs: user id 0 is not positive"},
		{"17 opponents", func(s *call.Signal) { s.Opponents = make([]call.UserID, 17) }, "opponentsIDs: 17 users, at most 16 allowed"},
		{"no initiator", func(s *call.Signal) { s.Initiator = 0 }, "callerID: is missing"},
		{"initiator", func(s *call.Signal) { s.Initiator = -1 }, "callerID: user id -1 is not positive"},
		{"no call type", func(s *call.Signal) { s.CallType = 0 }, "callType: is missing"},
		{"call type", func(s *call.Signal) { s.CallType = 3 }, "callType: 3 is not 1 (video) or 2 (audio)"},
		{"call without sdp", func(s *call.Signal) { s.SDP = "" }, "sdp: is missing"},
		{"accept without sdp", func(s *call.Signal) { s.Type, s.SDP = call.SignalAccept, "" }, "sdp: is missing"},
		{"sdp in hangUp", func(s *call.Signal) { s.Type = call.SignalHangUp }, "sdp: does not belong into hangUp"},
		{"large sdp", func(s *call.Signal) { s.SDP = strings.Repeat("v", 65537) }, "sdp: 65537 bytes, at most 65536 allowed"},
		{"binary sdp", func(s *call.Signal) { s.SDP = "v\x00" }, "sdp: holds what XML cannot carry"},
		{"no candidates", candidates(), "iceCandidates: holds no candidate"},
		{"empty candidate", candidates(call.Candidate{SDPMid: "0"}), "candidate: is missing"},
		{"candidate", candidates(call.Candidate{Candidate: "\x01"}), "candidate: is not a candidate of at most 1024 bytes"},
		{"sdpMid", candidates(call.Candidate{Candidate: "c", SDPMid: "\x01"}), "sdpMid: is not a text of at most 1024 bytes"},
		{"65 candidates", candidates(make([]call.Candidate, 65)...), "iceCandidates: 65 candidates, at most 64 allowed"},
		{"candidates in call", func(s *call.Signal) { s.Candidates = []call.Candidate{{Candidate: "c"}} }, "iceCandidates: does not belong into call"},
		{"reconnect in call", func(s *call.Signal) { s.Reconnect = &call.ReconnectDescription{} }, "sessionDescription: does not belong into call"},
		{"no offerId", reconnect(call.ReconnectDescription{Type: call.Offer, SDP: "v"}), "offerId: is missing"},
		{"offerId", reconnect(call.ReconnectDescription{OfferID: "\x02", Type: call.Offer, SDP: "v"}), "offerId: is not a text of at most 256 bytes"},
		{"description type", reconnect(call.ReconnectDescription{OfferID: "1", Type: "x", SDP: "v"}), `sessionDescription.type: "x" is not offer or answer`},
		{"no description", reconnect(call.ReconnectDescription{OfferID: "1", Type: call.Offer}), "sessionDescription.sdp: is missing"},
		{"negative bandwidth", func(s *call.Signal) { s.Bandwidth = -1 }, "userInfo: bandwidth -1 is negative"},
		{"empty key", key(""), `userInfo: key "" is not an XML name`},
		{"number as key", key("1"), `userInfo: key "1" is not an XML name`},
		{"key with space", key("a b"), `userInfo: key "a b" is not an XML name`},
		{"key with markup", key("a/><x"), `userInfo: key "a/><x" is not an XML name`},
		{"key with prefix", key("x:a"), `userInfo: key "x:a" is not an XML name`},
		{"invalid key", key("a\xff"), `userInfo: key "a\xff" is not an XML name`},
		{"bandwidth as key", key("bandwidth"), `userInfo: key "bandwidth" is reserved`},
		{"delay hides the signal", key("delay"), `userInfo: key "delay" is reserved`},
		{"so does moduleIdentifier", key("a.moduleIdentifier"), `userInfo: key "a.moduleIdentifier" is reserved`},
		{"65 keys", func(s *call.Signal) { s.Extension = manyKeys(65) }, "userInfo: 65 keys, at most 64 allowed"},
		{"too much altogether", func(s *call.Signal) { s.SDP = strings.Repeat("&", 65536) }, "stanza: 328168 bytes, at most 262144 allowed"},
		{"large extension", func(s *call.Signal) { s.Extension = call.Extension{"a": strings.Repeat("x", 16384)} }, "userInfo: 16385 bytes, at most 16384 allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := outgoingCall()
			c.change(&s)
			got, err := newTestCodec(t).Encode(s)
			assert.Nil(t, got)
			var field *FieldError
			require.ErrorAs(t, err, &field)
			assert.Equal(t, c.want, field.Error())
			assert.Contains(t, err.Error(), fmt.Sprintf("encode %s for user %d: ", s.Type, s.Peer.User))
		})
	}
}

// TestEncodeTakesWhatTheAppMaySend shows that what [call.Extension.Validate]
// lets pass, at its most, is not lost here.
func TestEncodeTakesWhatTheAppMaySend(t *testing.T) {
	many := manyKeys(32)
	for _, ext := range []call.Extension{
		{"a": strings.Repeat("\x00", 5119)}, {"a": strings.Repeat("\xff", 5119)}, {"_.-": "", "a..b": "", "x.": "", "XML": ""},
		{"a": "1", "a.b": "2", "a.b.c": "3", "a.b.d": "4"}, many,
	} {
		require.NoError(t, ext.Validate())
		s := outgoingCall()
		s.Extension = ext
		_, err := newTestCodec(t).Encode(s)
		require.NoError(t, err)
	}
}

func manyKeys(n int) call.Extension {
	ext := call.Extension{}
	for i := range n {
		ext[fmt.Sprintf("k%d", i)] = "v"
	}
	return ext
}

func TestEncodeUserInfo(t *testing.T) {
	for _, c := range []struct {
		name string
		ext  call.Extension
		want string
	}{
		{"sorted", call.Extension{"b": "2", "a": "1"}, "<a>1</a><b>2</b>"},
		{"lone nested key stays flat", call.Extension{"b.c": "2"}, "<b.c>2</b.c>"},
		{"nested", call.Extension{"b.c": "2", "b.d": "3"}, "<b><c>2</c><d>3</d></b>"},
		{"nested twice", call.Extension{"a.b.c": "1", "a.b.d": "2", "a.e": "3"}, "<a><b><c>1</c><d>2</d></b><e>3</e></a>"},
		{"group of one group", call.Extension{"a.b.c": "1", "a.b.d": "2"}, "<a.b.c>1</a.b.c><a.b.d>2</a.b.d>"},
		{"text and group", call.Extension{"b": "1", "b.c": "2", "b.d": "3"}, "<b>1</b><b.c>2</b.c><b.d>3</b.d>"},
		{"rest is no name", call.Extension{"b.1": "1", "b.2": "2"}, "<b.1>1</b.1><b.2>2</b.2>"},
		{"dots only at the end", call.Extension{"b.": "1", "b..": "2"}, "<b.>1</b.><b..>2</b..>"},
		{"line ends and controls", call.Extension{"a": "1\r\n\x00\xff\ufffe2"}, "<a>1&#xD;\n\ufffd\ufffd\ufffd2</a>"},
		{"letters", call.Extension{"größe": "ü"}, "<größe>ü</größe>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := outgoingCall()
			s.Extension = c.ext
			got, err := newTestCodec(t).Encode(s)
			require.NoError(t, err)
			_, rest, _ := strings.Cut(string(got), "<userInfo>")
			userInfo, _, _ := strings.Cut(rest, "<bandwidth>")
			assert.Equal(t, c.want, userInfo)
		})
	}
}
