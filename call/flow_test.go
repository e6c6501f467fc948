package call_test

import (
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
)

// TestAcceptAndStop is the flow of transcripts/basic.xml.
func TestAcceptAndStop(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, phone := w.join(101, "door"), w.join(102, "phone")
		s := w.ring(door, 102)
		incoming := w.only(phone)
		w.ok(incoming.Accept(call.Extension{"hello": "yes"}))
		pass(time.Second)
		w.ok(s.Update(call.Extension{"a": "1"}))
		w.ok(incoming.Update(nil))
		w.ok(s.Stop(call.Extension{"bye": "1"}))
		w.wantSent(door, call.SignalCall, call.SignalUpdate, call.SignalHangUp)
		w.wantSent(phone, call.SignalAccept, call.SignalCandidates, call.SignalUpdate)
		w.wantEvents(door,
			"onAcceptCall ACTIVE 102 hello=yes",
			"onSessionConnectionStateChanged ACTIVE 102 CONNECTING",
			"onSessionConnectionStateChanged ACTIVE 102 CONNECTED",
			"onRemoteStream ACTIVE 102",
			"onUpdateCall ACTIVE 102",
			"onSessionClose CLOSED")
		w.wantEvents(phone,
			"onCall NEW 101 door=front",
			"onSessionConnectionStateChanged ACTIVE 101 CONNECTING",
			"onSessionConnectionStateChanged ACTIVE 101 CONNECTED",
			"onRemoteStream ACTIVE 101",
			"onUpdateCall ACTIVE 101 a=1",
			"onStopCall ACTIVE 101 bye=1",
			"onSessionClose CLOSED")
	})
}
