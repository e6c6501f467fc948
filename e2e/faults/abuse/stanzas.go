package abuse

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/faults/soak/site"
)

// stanza is a signal to the door with the elements given inside extraParams.
func stanza(t call.SignalType, session call.SessionID, more string) string {
	return fmt.Sprintf(`<message to="%s" type="headline" id="x"><extraParams xmlns="jabber:client">`+
		`<moduleIdentifier>WebRTCVideoChat</moduleIdentifier><signalType>%s</signalType><sessionID>%s</sessionID>%s`+
		`</extraParams></message>`, doorJID(), t, session, more)
}

// callBy is a `call` of somebody's own to the door.
func callBy(user call.UserID, session call.SessionID, sdp string) string {
	return stanza(call.SignalCall, session, fmt.Sprintf(
		`<callType>1</callType><callerID>%d</callerID><opponentsIDs><opponentID>%d</opponentID></opponentsIDs>%s`,
		user, site.Door, element("sdp", sdp)))
}

// reconnectOffer is an update that asks for a new PeerConnection.
func reconnectOffer(session call.SessionID, offer int, sdp string) string {
	return stanza(call.SignalUpdate, session, fmt.Sprintf(
		"<reason>reconnect</reason><sessionDescription><offerId>offer-%d</offerId>%s<type>offer</type></sessionDescription>",
		offer, element("sdp", sdp)))
}

// candidates is a signal with one candidate.
func candidates(session call.SessionID, address string, port int) string {
	return stanza(call.SignalCandidates, session, fmt.Sprintf(
		"<iceCandidates><iceCandidate><candidate>candidate:1 1 udp 2130706431 %s %d typ host</candidate>"+
			"<sdpMid>0</sdpMid><sdpMLineIndex>0</sdpMLineIndex></iceCandidate></iceCandidates>", address, port))
}

// meddling is one of the signals that could steer a session, in turns.
func meddling(session call.SessionID, i int, sdp string) string {
	switch i % 3 {
	case 0:
		return stanza(call.SignalAccept, session, element("sdp", sdp))
	case 1:
		return candidates(session, fmt.Sprintf("10.%d.%d.%d", i>>16&0xff, i>>8&0xff, i&0xff), 40000)
	default:
		return stanza(call.SignalUpdate, session, fmt.Sprintf("<userInfo><n>%d</n></userInfo>", i))
	}
}

func element(name, text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return "<" + name + ">" + b.String() + "</" + name + ">"
}
