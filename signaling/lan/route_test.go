package lan

import (
	"strings"
	"testing"

	"mellium.im/xmpp/jid"
)

const (
	stanzaTo = `to="102-7@` + testDomain
	anna     = `from="101-7@` + testDomain + `/a"`
)

// TestDecide holds the routing rules as they are without anybody connected.
func TestDecide(t *testing.T) {
	self := jid.MustParse("101-7@" + testDomain + "/a")
	iq := func(typ, to, payload string) string {
		return `<iq xmlns="jabber:client" id="1" type="` + typ + `"` + to + `>` + payload + `</iq>`
	}
	ping := `<ping xmlns="urn:xmpp:ping"/>`
	toDomain, toSelf := ` to="`+testDomain+`"`, ` to="101-7@`+testDomain+`"`
	result := `<iq xmlns="jabber:client" type="result" id="1"`
	unavailable := `<error type="cancel"><service-unavailable xmlns="` + nsStanzas + `"/></error>`
	tests := []struct{ name, in, reply string }{
		{"ping", iq("get", "", ping), result + `/>`},
		{"ping the domain", iq("get", toDomain, ping), result + ` from="` + testDomain + `"/>`},
		{"ping the own account", iq("get", toSelf, ping), result + ` from="101-7@` + testDomain + `"/>`},
		{"ping another user", iq("get", ` `+stanzaTo+`"`, ping), unavailable},
		{"ping another domain", iq("get", ` to="example.org"`, ping), unavailable},
		{"session", iq("set", "", `<session xmlns="`+nsSession+`"/>`), result + `/>`},
		{"carbons", iq("set", "", `<enable xmlns="urn:xmpp:carbons:2"/>`), result + `/>`},
		{"roster", iq("get", "", `<query xmlns="jabber:iq:roster"/>`), result + `><query xmlns="jabber:iq:roster"/></iq>`},
		{"roster change", iq("set", "", `<query xmlns="jabber:iq:roster"/>`), unavailable},
		{"disco", iq("get", toDomain, `<query xmlns="`+nsDiscoIn+`"/>`), `<query xmlns="` + nsDiscoIn + `"/>`},
		{"items", iq("get", toDomain, `<query xmlns="`+nsDiscoItm+`"/>`), `<query xmlns="` + nsDiscoItm + `"/>`},
		{"anything else", iq("get", "", `<query xmlns="jabber:iq:version"/>`), unavailable},
		{"bind again", iq("set", "", `<bind xmlns="`+nsBind+`"/>`), unavailable},
		{"empty request", iq("get", "", ""), "bad-request"},
		{"unknown type", iq("fetch", "", ping), "bad-request"},
		{"no id", `<iq xmlns="jabber:client" type="get">` + ping + `</iq>`, "bad-request"},
		{"malformed receiver", iq("get", ` to="@"`, ping), "jid-malformed"},
		{"malformed receiver of an answer", iq("result", ` to="@"`, ""), ""},
		{"answer to a ping", iq("result", toDomain, ""), ""},
		{"error to a ping", iq("error", toDomain, ""), ""},
		{"subscription", `<presence xmlns="jabber:client" type="subscribe" ` + stanzaTo + `"/>`, ""},
		{"presence to a room", `<presence xmlns="jabber:client" to="room@muc.x/nick"/>`, ""},
		{"presence of unknown type", `<presence xmlns="jabber:client" type="probe"/>`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := parseMessage([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			d, err := decide(self, e)
			if err != nil || d.message != nil || d.presence != nil {
				t.Fatalf("decision %+v, error %v", d, err)
			}
			got := ""
			if d.reply != nil {
				got = string(d.reply.marshal())
			}
			if tt.reply == "" && got != "" || !strings.Contains(got, tt.reply) {
				t.Errorf("got %q, want %q", got, tt.reply)
			}
		})
	}
}

func TestDecideRefusesOtherElements(t *testing.T) {
	self := jid.MustParse("101-7@" + testDomain + "/a")
	for _, in := range []string{`<message/>`, `<message xmlns="jabber:server"/>`, `<query xmlns="jabber:client"/>`,
		`<open xmlns="` + nsFraming + `"/>`, `<enable xmlns="urn:xmpp:sm:3"/>`} {
		e, err := parseMessage([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decide(self, e); err != streamError("unsupported-stanza-type") {
			t.Errorf("%s: %v", in, err)
		}
	}
}

// TestMessages sends between real connections: Anna on resource a, Ben on b
// and c, and a third resource of Ben that is not available.
func TestMessages(t *testing.T) {
	message := func(typ, to string) string {
		return `<message id="m" type="` + typ + `"` + to + `><body>x</body></message>`
	}
	toBen, absent := ` `+stanzaTo+`"`, ` to="103-7@`+testDomain+`"`
	tests := []struct {
		name, in string
		got      string // who gets it: a letter for each
		answer   string
	}{
		{"to the bare JID", message("headline", toBen), "bc", ""},
		{"to one resource", message("headline", ` `+stanzaTo+`/c"`), "c", ""},
		{"to an unavailable resource", message("chat", ` `+stanzaTo+`/d"`), "d", ""},
		{"chat to the bare JID", message("chat", toBen), "bc", ""},
		{"without receiver", message("normal", ""), "a", ""},
		{"with a false sender", `<message from="104-7@` + testDomain + `/x" type="headline"` + toBen + `/>`, "bc", ""},
		{"headline to an absent user", message("headline", absent), "", ""},
		{"headline to an absent resource", message("headline", ` `+stanzaTo+`/gone"`), "", ""},
		{"headline elsewhere", message("headline", ` to="102-7@example.org"`), "", ""},
		{"chat to an absent user", message("chat", absent), "", "service-unavailable"},
		{"chat to nobody's name", message("chat", ` to="who@`+testDomain+`"`), "", "service-unavailable"},
		{"chat to the domain", message("chat", ` to="`+testDomain+`"`), "", "service-unavailable"},
		{"chat elsewhere", message("chat", ` to="102-7@example.org"`), "", "service-unavailable"},
		{"error to an absent user", message("error", absent), "", ""},
		{"malformed receiver", message("chat", ` to="@"`), "", "jid-malformed"},
	}
	s := newTestServer(t, nil)
	peers := map[string]*pipePeer{"a": login(t, s, "101-7", "a"), "b": login(t, s, "102-7", "b"), "c": login(t, s, "102-7", "c")}
	peers["d"] = dialPipe(t, s)
	bindPipe(t, peers["d"], "102-7", "d")
	want(t, peers["b"], "presence of c", "<presence")
	want(t, peers["c"], "presence of b", "<presence")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			peers["a"].send(tt.in)
			if tt.answer != "" {
				want(t, peers["a"], "answer", `type="error"`, `id="m"`, tt.answer)
			}
			for _, r := range strings.Split(tt.got, "") {
				if r != "" {
					want(t, peers[r], r+" gets it", "<message", anna)
				}
			}
			for r, p := range peers { // a ping shows that nothing else came
				p.send(`<iq type="get" id="p-` + r + `"><ping xmlns="urn:xmpp:ping"/></iq>`)
				want(t, p, "nothing more for "+r, `id="p-`+r+`"`, `type="result"`)
			}
		})
	}
}

// TestSignalKeepsItsText sends a call's SDP from a WebSocket to a pipe.
func TestSignalKeepsItsText(t *testing.T) {
	s := newTestServer(t, nil)
	ben := login(t, s, "102-7", "b")
	p := dialWebSocket(t, s)
	loginWebSocket(t, p, "101-7")
	p.send(`<message id="6b02" ` + stanzaTo + `" type="headline" xmlns="jabber:client"><extraParams xmlns="jabber:client">` +
		`<userInfo><name>A &amp; &lt;B&gt;</name></userInfo><sdp>v=0` + "\r\n" + `a=fmtp:1 x="y"` + "\r\n" + `</sdp></extraParams></message>`)
	want(t, ben, "call", `id="6b02"`, `<extraParams><userInfo><name>A &amp; &lt;B&gt;</name></userInfo><sdp>v=0`+"\n"+`a=fmtp:1 x="y"`+"\n</sdp></extraParams>")
}

func TestPresence(t *testing.T) {
	s := newTestServer(t, nil)
	if n := s.Online("101-7"); n != 0 {
		t.Fatalf("Online = %d before anybody came", n)
	}
	a := login(t, s, "101-7", "a")
	b := login(t, s, "101-7", "b")
	want(t, a, "b comes", "<presence", "/b")
	want(t, b, "a was there", "<presence", "/a")
	if n := s.Online("101-7"); n != 2 {
		t.Errorf("Online = %d with two resources", n)
	}
	b.send(`<presence type="unavailable"/>`)
	want(t, a, "b goes", "unavailable", "/b")
	if n := s.Online("101-7"); n != 1 {
		t.Errorf("Online = %d with one unavailable", n)
	}
	b.send(`<presence/>`)
	want(t, a, "b returns", "<presence", "/b")
	b.close()
	want(t, a, "b is lost", "unavailable", "/b")
}

func TestConflict(t *testing.T) {
	s := newTestServer(t, nil)
	older := login(t, s, "101-7", "intercom-1")
	newer := login(t, s, "101-7", "intercom-1")
	want(t, older, "replaced", "conflict")
	want(t, older, "end")
	if n := s.Online("101-7"); n != 1 {
		t.Errorf("Online = %d", n)
	}
	ben := login(t, s, "102-7", "b")
	ben.send(`<message type="headline" to="101-7@` + testDomain + `"/>`)
	want(t, newer, "the newer one gets the messages", "<message")
}

func TestRandomResources(t *testing.T) {
	s := newTestServer(t, nil)
	seen := map[string]bool{}
	for range 3 {
		p := dialWebSocket(t, s)
		full := loginWebSocket(t, p, "101-7")
		if seen[full] {
			t.Fatalf("%s given twice", full)
		}
		seen[full] = true
	}
}

func TestBadResource(t *testing.T) {
	p := startLogin(t, newTestServer(t, nil))
	p.send(`<auth xmlns="` + nsSASL + `" mechanism="PLAIN">` + plain("101-7", "pw-101-7") + `</auth>`)
	want(t, p, "login", "<success")
	p.send(pipeOpening)
	want(t, p, "stream", "stream")
	want(t, p, "features", "<bind")
	p.send(`<iq type="set" id="b"><bind xmlns="` + nsBind + `"><resource>` + strings.Repeat("x", 2000) + `</resource></bind></iq>`)
	want(t, p, "refusal", "bad-request", `id="b"`)
}

// loginWebSocket logs in with PLAIN and returns the full JID.
func loginWebSocket(t *testing.T, p *webSocketPeer, user string) string {
	t.Helper()
	const opening = `<open to="` + testDomain + `" version="1.0" xmlns="` + nsFraming + `"/>`
	p.send(opening)
	want(t, p, "open", "<open")
	want(t, p, "features", "PLAIN")
	p.send(`<auth xmlns="` + nsSASL + `" mechanism="PLAIN">` + plain(user, "pw-"+user) + `</auth>`)
	want(t, p, "login", "<success")
	p.send(opening)
	want(t, p, "open", "<open")
	want(t, p, "features", "<bind")
	p.send(`<iq type="set" id="b" xmlns="jabber:client"><bind xmlns="` + nsBind + `"/></iq>`)
	bound := want(t, p, "bound", "<jid>")
	p.send(`<presence xmlns="jabber:client"/>`)
	want(t, p, "own presence", "<presence")
	return bound[strings.Index(bound, "<jid>")+5 : strings.Index(bound, "</jid>")]
}
