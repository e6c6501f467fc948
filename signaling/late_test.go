package signaling

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mellium.im/xmpp/jid"
)

// stamped is message with a delay stamp from an entity.
func stamped(session, from string) string {
	if from != "" {
		from = ` from='` + from + `'`
	}
	return strings.Replace(message(session), "</message>",
		`<delay xmlns='urn:xmpp:delay'`+from+` stamp='2020-01-01T00:00:00Z'>Resent</delay></message>`, 1)
}

func TestUnstamp(t *testing.T) {
	const stamp = `<delay xmlns="urn:xmpp:delay" from="chat.test" stamp="x">Resent</delay>`
	tests := []struct{ name, stanza, want string }{
		{"none", `<message><s/></message>`, `<message><s/></message>`},
		{"last", `<message a='b'><s>x</s>` + stamp + `</message>`, `<message a='b'><s>x</s></message>`},
		{"first", `<message>` + stamp + ` <s/></message>`, `<message> <s/></message>`},
		{"two", `<message>` + stamp + `<s/>` + stamp + `</message>`, `<message><s/></message>`},
		{"without from", `<message><delay xmlns='urn:xmpp:delay'/></message>`, `<message></message>`},
		{"prefixed", `<message xmlns:d='urn:xmpp:delay'><d:delay from='CHAT.test'/><s/></message>`, `<message xmlns:d='urn:xmpp:delay'><s/></message>`},
		{"of the account", `<message><delay xmlns='urn:xmpp:delay' from='104-7@chat.test'/><s/></message>`, `<message><s/></message>`},
		{"of a session", `<message><delay xmlns='urn:xmpp:delay' from='104-7@chat.test/web'/></message>`, `<message><delay xmlns='urn:xmpp:delay' from='104-7@chat.test/web'/></message>`},
		{"of somebody else", `<message><delay xmlns='urn:xmpp:delay' from='x@chat.test'/></message>`, `<message><delay xmlns='urn:xmpp:delay' from='x@chat.test'/></message>`},
		{"inside", `<message><s>` + stamp + `</s></message>`, `<message><s>` + stamp + `</s></message>`},
		{"other namespace", `<message><delay xmlns='urn:x'/>urn:xmpp:delay</message>`, `<message><delay xmlns='urn:x'/>urn:xmpp:delay</message>`},
		{"not well-formed", `<message>` + stamp + `<a></b></message>`, `<message>` + stamp + `<a></b></message>`},
		{"cut off", `<message>` + stamp, `<message>` + stamp},
	}
	for _, tt := range tests {
		h := held{resumed: true, self: jid.MustParse(testFull)}
		got, stripped := h.unstamp([]byte(tt.stanza))
		if string(got) != tt.want || stripped != (tt.want != tt.stanza) {
			t.Errorf("%s: %s, %v; want %s", tt.name, got, stripped, tt.want)
		}
		h.resumed = false
		if got, stripped := h.unstamp([]byte(tt.stanza)); string(got) != tt.stanza || stripped {
			t.Errorf("%s, not resumed: %s, %v", tt.name, got, stripped)
		}
	}
}

// TestHeldSignals wants what waited at the server for a resumed session to
// count, and calls only while somebody may still be there.
func TestHeldSignals(t *testing.T) {
	for _, tt := range []struct {
		name string
		away time.Duration
		call bool // arrives
	}{{"short", 10 * time.Second, true}, {"long", 61 * time.Second, false}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				end := strings.Replace(stamped("end", testDomain), "t='call'", "t='hangUp'", 1)
				s := managedServer(t, 1, smResumed(2)+stamped("call", testDomain)+stamped("forged", "x@chat.test")+end)
				cfg := testConfig(s)
				cfg.Timing.BackoffMax = time.Second
				c := start(t, cfg)
				p := s.login()
				c.wantState(true)
				s.setStreamError("system-shutdown")
				p.conn.Close()
				c.wantState(false)
				time.Sleep(tt.away)
				s.setStreamError("")
				p = s.login()
				if tt.call {
					c.wantSignal("call")
				}
				c.wantSignal("end")
				p.send(smR)
				p.expect(smA(4))
			})
		})
	}
}
