package quickblox

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/call"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	from   = `from="104-7@chat.qb.test/dev"`
	module = "<moduleIdentifier>WebRTCVideoChat</moduleIdentifier>"
	common = "<sessionID>s1</sessionID><callType>1</callType><callerID>104</callerID>" +
		"<opponentsIDs><opponentID>102</opponentID></opponentsIDs><platform>web</platform>"
)

// headline wraps the fields of a signal of 104.
func headline(fields string) string {
	return `<message xmlns="jabber:client" ` + from + ` to="102-7@chat.qb.test" type="headline" id="x">` +
		`<extraParams xmlns="jabber:client">` + fields + `</extraParams></message>`
}

func signal(signalType, fields string) string {
	return headline(module + "<signalType>" + signalType + "</signalType>" + fields)
}

func TestDecodeNotCall(t *testing.T) {
	call := signal("call", common+"<sdp>v=0</sdp>")
	for name, stanza := range map[string]string{
		"type chat":              strings.Replace(call, "headline", "chat", 1),
		"type error":             strings.Replace(call, "headline", "error", 1),
		"no type":                strings.Replace(call, ` type="headline"`, "", 1),
		"presence":               `<presence ` + from + `/>`,
		"no extraParams":         `<message type="headline" ` + from + `><body>hi</body></message>`,
		"extraParams of another": `<message type="headline" ` + from + `><forwarded>` + call + `</forwarded></message>`,
		"system notification":    headline("<moduleIdentifier>SystemNotifications</moduleIdentifier>"),
		"no moduleIdentifier":    headline(common),
		"unknown signalType":     signal("iceRestart", common),
		"no signalType":          headline(module + common),
		"delayed":                strings.Replace(call, "</message>", `<delay xmlns="urn:xmpp:delay" stamp="2020-01-01T00:00:00Z"/></message>`, 1),
		"delayed, delay first":   strings.Replace(call, "<extraParams", `<delay xmlns="urn:xmpp:delay"/><extraParams`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newTestCodec(t).Decode([]byte(stanza))
			assert.ErrorIs(t, err, ErrNotCall)
		})
	}
}

func TestDecodeMalformed(t *testing.T) {
	many := func(n int, s string) string { return strings.Repeat(s, n) }
	call := func(fields string) string { return signal("call", common+"<sdp>v=0</sdp>"+fields) }
	reconnect := func(fields string) string {
		return signal("update", "<sessionID>s1</sessionID><reason>reconnect</reason>"+fields)
	}
	for _, c := range []struct{ name, stanza, field string }{
		{"empty", "", "stanza"},
		{"binary", "\x00\xff\xfe<message", "stanza"},
		{"too large", headline(many(maxStanza, " ")), "stanza"},
		{"cut off", call("")[:200], "stanza"},
		{"second stanza", call("") + call(""), "stanza"},
		{"text behind", call("") + "x", "stanza"},
		{"wrong end", strings.Replace(call(""), "</extraParams>", "</extra>", 1), "stanza"},
		{"document type", `<!DOCTYPE m [<!ENTITY a "b">]>` + call(""), "stanza"},
		{"entity", call("<userInfo><a>&lol;</a></userInfo>"), "stanza"},
		{"comment", call("<!-- x -->"), "stanza"},
		{"processing instruction", `<?xml version="1.0"?>` + call(""), "stanza"},
		{"control character", call("<userInfo><a>\x01</a></userInfo>"), "stanza"},
		{"invalid UTF-8", call("<userInfo><a>\xff</a></userInfo>"), "stanza"},
		{"two senders", strings.Replace(call(""), from, from+` from="101-7@chat.qb.test"`, 1), "stanza"},
		{"too many elements", call(many(maxElements, "<a/>")), "stanza"},
		{"too deep", call("<userInfo>" + many(maxDepth, "<a>") + many(maxDepth, "</a>") + "</userInfo>"), "stanza"},
		{"no from", strings.Replace(call(""), from, "", 1), "from"},
		{"server", strings.Replace(call(""), from, `from="chat.qb.test"`, 1), "from"},
		{"another domain", strings.Replace(call(""), from, `from="104-7@evil.test/dev"`, 1), "from"},
		{"another application", strings.Replace(call(""), from, `from="104-8@chat.qb.test/dev"`, 1), "from"},
		{"look-alike", strings.Replace(call(""), from, `from="0104-7@chat.qb.test/dev"`, 1), "from"},
		{"trailing letters", strings.Replace(call(""), from, `from="104x-7@chat.qb.test/dev"`, 1), "from"},
		{"no sessionID", strings.Replace(call(""), "<sessionID>s1</sessionID>", "", 1), "sessionID"},
		{"long sessionID", signal("hangUp", "<sessionID>"+many(maxIdentifier+1, "s")+"</sessionID>"), "sessionID"},
		{"long platform", signal("hangUp", "<sessionID>s</sessionID><platform>"+many(maxIdentifier+1, "p")+"</platform>"), "platform"},
		{"no callType", strings.Replace(call(""), "<callType>1</callType>", "", 1), "callType"},
		{"callType 3", strings.Replace(call(""), "<callType>1<", "<callType>3<", 1), "callType"},
		{"no callerID", strings.Replace(call(""), "<callerID>104</callerID>", "", 1), "callerID"},
		{"callerID NaN", strings.Replace(call(""), "<callerID>104<", "<callerID>NaN<", 1), "callerID"},
		{"callerID too large", strings.Replace(call(""), "<callerID>104<", "<callerID>9007199254740992<", 1), "callerID"},
		{"no opponents", strings.Replace(call(""), "<opponentID>102</opponentID>", "", 1), "opponentsIDs"},
		{"only NaN opponents", strings.Replace(call(""), "<opponentID>102<", "<opponentID>NaN<", 1), "opponentsIDs"},
		{"17 opponents", strings.Replace(call(""), "<opponentID>102</opponentID>", many(17, "<opponentID>5</opponentID>"), 1), "opponentsIDs"},
		{"call without sdp", signal("call", common), "sdp"},
		{"accept without sdp", signal("accept", common), "sdp"},
		{"large sdp", signal("call", common+"<sdp>"+many(maxDescription+1, "v")+"</sdp>"), "sdp"},
		{"no iceCandidates", signal("iceCandidates", common), "iceCandidates"},
		{"empty iceCandidates", signal("iceCandidates", common+"<iceCandidates/>"), "iceCandidates"},
		{"empty candidate", signal("iceCandidates", common+"<iceCandidates><iceCandidate/></iceCandidates>"), "iceCandidates"},
		{"65 candidates", signal("iceCandidates", common+"<iceCandidates>"+many(65, "<iceCandidate><candidate>c</candidate></iceCandidate>")+"</iceCandidates>"), "iceCandidates"},
		{"index", signal("iceCandidates", common+"<iceCandidates><iceCandidate><candidate>c</candidate><sdpMLineIndex>65536</sdpMLineIndex></iceCandidate></iceCandidates>"), "sdpMLineIndex"},
		{"long candidate", signal("iceCandidates", common+"<iceCandidates><iceCandidate><candidate>"+many(maxCandidate+1, "c")+"</candidate></iceCandidate></iceCandidates>"), "candidate"},
		{"65 keys", call("<userInfo>" + numbered(maxUserInfoKeys+1) + "</userInfo>"), "userInfo"},
		{"large userInfo", call("<userInfo><a>" + many(maxUserInfoBytes, "x") + "</a></userInfo>"), "userInfo"},
		{"large nested userInfo", call("<userInfo><a><b>" + many(maxUserInfoBytes, "x") + "</b></a></userInfo>"), "userInfo"},
		{"cut off behind the end", call("") + "<", "stanza"},
		{"reconnect without description", reconnect(""), "sessionDescription"},
		{"reconnect without offerId", reconnect("<sessionDescription><sdp>v</sdp><type>offer</type></sessionDescription>"), "offerId"},
		{"reconnect without type", reconnect("<sessionDescription><offerId>1</offerId><sdp>v</sdp></sessionDescription>"), "sessionDescription.type"},
		{"reconnect with pranswer", reconnect("<sessionDescription><offerId>1</offerId><sdp>v</sdp><type>pranswer</type></sessionDescription>"), "sessionDescription.type"},
		{"reconnect without sdp", reconnect("<sessionDescription><offerId>1</offerId><type>offer</type></sessionDescription>"), "sessionDescription.sdp"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := newTestCodec(t).Decode([]byte(c.stanza))
			var field *FieldError
			require.ErrorAs(t, err, &field)
			assert.Equal(t, c.field, field.Field, err.Error())
			assert.Zero(t, s)
			assert.Less(t, len(err.Error()), 500, "hostile input is not repeated at length")
		})
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "<k%d>v</k%d>", i, i)
	}
	return b.String()
}

func TestDecodeTolerates(t *testing.T) {
	caller := call.Address{User: 104, Resource: "dev"}
	base := call.Signal{Type: call.SignalCall, Peer: caller, Session: "s1", CallType: call.Video,
		Initiator: 104, Opponents: []call.UserID{102}, Platform: "web", SDP: "v=0\ns=-\n"}
	with := func(change func(*call.Signal)) call.Signal { s := base; change(&s); return s }
	ofType := func(typ call.SignalType) call.Signal {
		return call.Signal{Type: typ, Peer: caller, Session: "s1"}
	}
	for _, c := range []struct {
		name, stanza string
		want         call.Signal
	}{
		{"CRLF", signal("call", common+"<sdp>v=0\r\ns=-\r\n</sdp>"), base},
		{"CDATA", signal("call", common+"<sdp><![CDATA[v=0\ns=-\n]]></sdp>"), base},
		{"several text nodes", signal("call", common+"<sdp>v=0<![CDATA[\ns=]]>-\n</sdp>"), base},
		{"reverse order", headline("<sdp>v=0\ns=-\n</sdp>" + common + "<signalType>call</signalType>" + module), base},
		{"unknown fields", signal("call", common+"<sdp>v=0\ns=-\n</sdp><sdkVersion>2.7.5</sdkVersion><custom><a>1</a></custom>"), base},
		{"pretty-printed", signal("call", "\n <sessionID>s1</sessionID>\n <callType> 1 </callType>\n <callerID>\n104 </callerID>"+
			"<opponentsIDs>\n  <opponentID>\n102\n</opponentID>\n </opponentsIDs><platform>web</platform><sdp>v=0\ns=-\n</sdp>\n"), base},
		{"NaN among opponents", signal("call", strings.Replace(common, "<opponentID>", "<opponentID>NaN</opponentID><opponentID/><opponentID>-3</opponentID><opponentID>", 1)+"<sdp>v=0\ns=-\n</sdp>"), base},
		{"legacy accept", signal("accept", "<sessionID>s1</sessionID><sdp>v</sdp>"), call.Signal{Type: call.SignalAccept, Peer: caller, Session: "s1", SDP: "v"}},
		{"legacy reject", signal("reject", "<sessionID>s1</sessionID>"), ofType(call.SignalReject)},
		{"legacy hangUp", signal("hangUp", "<sessionID>s1</sessionID>"), ofType(call.SignalHangUp)},
		{"callType nonsense in hangUp", signal("hangUp", "<sessionID>s1</sessionID><callType>x</callType><callerID>y</callerID>"), ofType(call.SignalHangUp)},
		{"sdp in hangUp", signal("hangUp", "<sessionID>s1</sessionID><sdp>v</sdp>"), ofType(call.SignalHangUp)},
		{"update with another reason", signal("update", "<sessionID>s1</sessionID><reason>other</reason>"), ofType(call.SignalUpdate)},
		{"audio", signal("call", strings.Replace(common, ">1<", ">2<", 1)+"<sdp>v=0\ns=-\n</sdp>"), with(func(s *call.Signal) { s.CallType = call.Audio })},
		{"no resource", strings.Replace(signal("call", common+"<sdp>v=0\ns=-\n</sdp>"), "/dev", "", 1), with(func(s *call.Signal) { s.Peer.Resource = "" })},
		{"domain in capitals", strings.Replace(signal("call", common+"<sdp>v=0\ns=-\n</sdp>"), "-7@chat.qb.test/", "-7@Chat.QB.test/", 1), base},
		{"initiator is another", signal("call", strings.Replace(common, ">104<", ">101<", 1)+"<sdp>v=0\ns=-\n</sdp>"), with(func(s *call.Signal) { s.Initiator = 101 })},
		{"iOS candidate", signal("iceCandidates", "<sessionID>s1</sessionID><iceCandidates><iceCandidate><sdpMLineIndex>1</sdpMLineIndex><sdpMid>video</sdpMid><candidate>candidate:1</candidate></iceCandidate></iceCandidates>"),
			call.Signal{Type: call.SignalCandidates, Peer: caller, Session: "s1", Candidates: []call.Candidate{{Candidate: "candidate:1", SDPMid: "video", SDPMLineIndex: 1}}}},
		{"end of candidates", signal("iceCandidates", "<sessionID>s1</sessionID><iceCandidates><iceCandidate><candidate/></iceCandidate><iceCandidate><candidate>c</candidate></iceCandidate></iceCandidates>"),
			call.Signal{Type: call.SignalCandidates, Peer: caller, Session: "s1", Candidates: []call.Candidate{{Candidate: "c"}}}},
		{"reconnect", signal("update", "<sessionID>s1</sessionID><reason>reconnect</reason><sessionDescription><offerId>o1</offerId><sdp>v</sdp><type>answer</type></sessionDescription>"),
			call.Signal{Type: call.SignalUpdate, Peer: caller, Session: "s1", Reconnect: &call.ReconnectDescription{OfferID: "o1", Type: call.Answer, SDP: "v"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := newTestCodec(t).Decode([]byte(c.stanza))
			require.NoError(t, err)
			assert.Equal(t, c.want, s)
		})
	}
}

func TestDecodeUserInfo(t *testing.T) {
	for _, c := range []struct {
		name, userInfo string
		want           call.Extension
		bandwidth      int
	}{
		{"none", "", nil, 0},
		{"empty", "<userInfo/>", nil, 0},
		{"text only", "<userInfo>x</userInfo>", nil, 0},
		{"plain", "<userInfo><a>1</a><b/></userInfo>", call.Extension{"a": "1", "b": ""}, 0},
		{"escaped", "<userInfo><a>A &amp; &lt;B&gt;</a></userInfo>", call.Extension{"a": "A & <B>"}, 0},
		{"nested", "<userInfo><b><c>2</c><d>3</d></b></userInfo>", call.Extension{"b.c": "2", "b.d": "3"}, 0},
		{"nested with one child", "<userInfo><b><c>2</c></b></userInfo>", call.Extension{"b.c": "2"}, 0},
		{"text beside elements", "<userInfo> <b> x <c>2</c></b> </userInfo>", call.Extension{"b.c": "2"}, 0},
		{"last of two wins", "<userInfo><a>1</a><a>2</a></userInfo>", call.Extension{"a": "2"}, 0},
		{"white space is kept", "<userInfo><a> 1\n</a></userInfo>", call.Extension{"a": " 1\n"}, 0},
		{"bandwidth", "<userInfo><bandwidth>512</bandwidth></userInfo>", nil, 512},
		{"bandwidth 0", "<userInfo><bandwidth>0</bandwidth><a>1</a></userInfo>", call.Extension{"a": "1"}, 0},
		{"bandwidth of JavaScript", "<userInfo><bandwidth> 5e2 </bandwidth></userInfo>", nil, 500},
		{"bandwidth negative", "<userInfo><bandwidth>-1</bandwidth></userInfo>", nil, 0},
		{"bandwidth no number", "<userInfo><bandwidth>NaN</bandwidth></userInfo>", nil, 0},
		{"bandwidth absurd", "<userInfo><bandwidth>1e99</bandwidth></userInfo>", nil, 0},
		{"nested bandwidth is the app's", "<userInfo><x><bandwidth>9</bandwidth></x></userInfo>", call.Extension{"x.bandwidth": "9"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := newTestCodec(t).Decode([]byte(signal("hangUp", common+c.userInfo)))
			require.NoError(t, err)
			assert.Equal(t, c.want, s.Extension)
			assert.Equal(t, c.bandwidth, s.Bandwidth)
		})
	}
}

// TestRawQuirks names every probe of the recording rawquirks and what becomes
// of it here.
func TestRawQuirks(t *testing.T) {
	kinds := map[string]int{}
	for _, f := range readFrames(t, "testdata/transcripts/rawquirks.xml") {
		_, err := newTestCodec(t).Decode([]byte(f.stanza))
		var field *FieldError
		switch {
		case err == nil:
			kinds["signal"]++
		case errors.As(err, &field):
			kinds[field.Error()]++
		default:
			kinds[strings.TrimPrefix(err.Error(), "decode signal: ")]++
		}
	}
	assert.Equal(t, map[string]int{
		"signal":                                         46,
		"iceCandidates: holds no candidate":              2, // each probe as sent and as received
		"opponentsIDs: names nobody":                     2,
		"sdp: is missing":                                4, // of a call and of an accept
		"not a call signal: no extraParams":              2,
		"not a call signal: delivered late":              2,
		"not a call signal: no headline message":         2,
		`not a call signal: signalType "foo" is unknown`: 2,
	}, kinds)
}
