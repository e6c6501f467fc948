//go:build e2e

package badinput

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/call"
)

// stanzas has a contact send what is no call signal, or a broken one. None of
// it rings or ends the device.
func (l *lab) stanzas(t *testing.T, d *device, a *phone) {
	attacker := l.attacker(t, carl, "stanzas")
	for i, k := range readQuirks(t) {
		t.Run(k.name, func(t *testing.T) {
			ringing := d.count("onCall", carl)
			attacker.mustSend(t, k.stanzas)
			attacker.handled(t, d, mark("quirk", i))
			rung := d.count("onCall", carl) - ringing
			if want := quirksThatRing()[k.name]; rung != want {
				t.Errorf("rang %d times, want %d", rung, want)
			}
			if rung > 0 { // well-formed all the same: the contact gets a reject
				if code, _, stderr := d.run("reject"); code != 0 {
					t.Errorf("reject: %s", stderr)
				}
				d.idle(t)
				says(t, "rings, as an ordinary call; reject works")
			} else {
				says(t, "nothing rings; %s", dropped(t, d))
			}
			a.nothingLost(t, d)
		})
	}
	for name, bytes := range map[string]string{
		"body of 1 MB": `<message to="` + jidOf(door) + `" type="headline"><body>` + strings.Repeat("x", 1<<20) + `</body></message>`,
		"binary junk":  "\x00\x01\xff\xfe<\x80\x00>" + strings.Repeat("\xde\xad\xbe\xef", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			junk := l.attacker(t, carl, "junk")
			_ = junk.send(bytes) // the server may end the stream meanwhile
			junk.cut(t)
			a.nothingLost(t, d)
			says(t, "the server ends the sender's stream; the device hears nothing of it")
		})
	}
	t.Run("250 KB of userInfo", func(t *testing.T) {
		attacker.mustSend(t, attacker.stanza(call.SignalUpdate, "x", "<userInfo><a>"+strings.Repeat("x", 250<<10)+"</a></userInfo>"))
		attacker.handled(t, d, "after-userInfo")
		a.nothingLost(t, d)
		says(t, "nothing rings; %s", dropped(t, d))
	})
	t.Run("another sender's name", func(t *testing.T) {
		liar := l.attacker(t, carl, "liar")
		id, c := a.talk(t, d)
		_ = liar.send(strings.Replace(liar.stanza(call.SignalHangUp, id, ""), "<message ", `<message from="`+jidOf(anna)+`/phone" `, 1))
		attacker.handled(t, d, "after-liar")
		d.silent(t, carl, anna, id)
		c.sees(t)
		a.hangUp(t, d, id, c)
		says(t, "the server does not pass the false name on; the call goes on")
	})
}

// dropped is the daemon's last word on stanzas it does not take.
func dropped(t *testing.T, d *device) string {
	t.Helper()
	w := d.warning("msg=\"dropped message\"")
	if w == "" {
		return "log: nothing"
	}
	documented(t, field(w, "error="))
	return "log: " + w
}

// quirk is one kind of odd stanza, as many as belong to it.
type quirk struct{ name, stanzas string }

// quirksThatRing are odd but whole calls: as in the SDK they ring.
func quirksThatRing() map[string]int {
	return map[string]int{"whitespace (pretty-printed) call": 1, "call with CDATA sdp": 1}
}

// readQuirks takes the stanzas from the recording in which a hand-made peer
// (104) probes the SDK (102); here Carl sends them to the door.
func readQuirks(t *testing.T) []quirk {
	t.Helper()
	data, err := os.ReadFile("../../signaling/quickblox/testdata/transcripts/rawquirks.xml")
	if err != nil {
		t.Fatal(err)
	}
	swap := strings.NewReplacer("102-7@chat.qb.test", jidOf(door), "104-7@chat.qb.test", jidOf(carl), ">104<", ">103<", ">102<", ">104<")
	item := regexp.MustCompile(`(?s)<!-- t=\S+ - - (.*?) -->|<frame t="[^"]*" client="raw104" dir="C2S">(<message.*?)</frame>`)
	var quirks []quirk
	for _, m := range item.FindAllStringSubmatch(string(data), -1) {
		switch {
		case m[1] != "":
			quirks = append(quirks, quirk{name: strings.ReplaceAll(m[1], "/", "or")})
		case len(quirks) > 0 && !strings.Contains(m[2], "<sessionID>probe-"): // those check that the SDK still listens
			quirks[len(quirks)-1].stanzas += swap.Replace(m[2])
		}
	}
	if len(quirks) != 11 {
		t.Fatalf("%d kinds in the recording, want 11", len(quirks))
	}
	// A user may try 5 calls in a row, and hanging up what never was counts.
	slices.SortStableFunc(quirks, func(a, b quirk) int {
		return quirksThatRing()[b.name] - quirksThatRing()[a.name]
	})
	return quirks
}

func mark(name string, i int) call.SessionID {
	return call.SessionID(name + "-" + string(rune('a'+i)))
}

// descriptions has calls and accepts whose SDP is of no use.
func (l *lab) descriptions(t *testing.T, d *device, a *phone) {
	for i, c := range []struct {
		name, sdp string
		rings     bool // the stanza is taken; what is in it shows at the accept
	}{
		{"call with SDP that does not parse", "this is no description", true},
		{"call without media", "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n", true},
		{"call with PCMU only", onlyCodec("audio", "0 PCMU/8000"), true},
		{"call with AV1 only", onlyCodec("video", "96 AV1/90000"), true},
		{"call with empty SDP", "", false},
		{"call with 200 KB of SDP", "v=0\n" + strings.Repeat("a=x-filler:0123456789\n", 10000), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			attacker := l.attacker(t, call.UserID(102), "sdp")
			id := mark("sdp", i)
			attacker.mustSend(t, attacker.call(id, c.sdp))
			if !c.rings {
				attacker.handled(t, d, mark("after-sdp", i))
				if live := d.status(t).Sessions; len(live) > 0 {
					t.Fatalf("rang: %+v", live)
				}
				a.nothingLost(t, d)
				says(t, "nothing rings; %s", dropped(t, d))
				return
			}
			d.eventOf(t, "onCall", id)
			d.press(t)
			closed := d.eventOf(t, "onSessionClose", id)
			attacker.await(t, call.SignalReject, id)
			if closed.Error == "" {
				t.Error("onSessionClose does not say why")
			}
			a.nothingLost(t, d)
			documented(t, closed.Error)
			says(t, "rings; accepted, it is rejected: onSessionClose: %s", closed.Error)
		})
	}
	for name, sdp := range map[string]string{
		"accept with SDP that does not parse": "this is no description",
		"accept with PCMU only":               onlyCodec("audio", "0 PCMU/8000"),
		"accept without media":                "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n",
	} {
		t.Run(name, func(t *testing.T) {
			d.press(t)
			ring := a.signal(t, call.SignalCall, "")
			a.send(call.SignalAccept, ring.Session, sdp)
			closed := d.eventOf(t, "onSessionClose", ring.Session)
			a.signal(t, call.SignalHangUp, ring.Session)
			if closed.Error == "" {
				t.Error("onSessionClose does not say why")
			}
			d.idle(t)
			a.nothingLost(t, d)
			documented(t, closed.Error)
			says(t, "the phone gets hangUp; onSessionClose: %s", closed.Error)
		})
	}
}

// onlyCodec is a description that parses and has one codec.
func onlyCodec(kind, codec string) string {
	number, name, _ := strings.Cut(codec, " ")
	return "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\na=group:BUNDLE 0\n" +
		"m=" + kind + " 9 UDP/TLS/RTP/SAVPF " + number + "\nc=IN IP4 0.0.0.0\na=mid:0\na=sendrecv\na=rtcp-mux\n" +
		"a=ice-ufrag:abcd\na=ice-pwd:abcdefghijklmnopqrstuvwx\na=setup:actpass\n" +
		"a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":") + "\n" +
		"a=rtpmap:" + number + " " + name + "\n"
}
