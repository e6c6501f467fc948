package signaling

import (
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"mellium.im/xmpp/jid"

	"github.com/intercomd/intercomd/call"
)

func TestWithNamespace(t *testing.T) {
	tests := []struct{ stanza, want string }{
		{`<message from='a'/>`, `<message xmlns='jabber:client' from='a'/>`},
		{`<message>x</message>`, `<message xmlns='jabber:client'>x</message>`},
		{`<message/>`, `<message xmlns='jabber:client'/>`},
		{"<message\nfrom='a'/>", "<message xmlns='jabber:client'\nfrom='a'/>"},
		{`<message xmlns="jabber:client"/>`, `<message xmlns="jabber:client"/>`},
		{`<message xmlns:x='y'/>`, `<message xmlns='jabber:client' xmlns:x='y'/>`},
	}
	for _, tt := range tests {
		start, err := startTag([]byte(tt.stanza))
		if err != nil {
			t.Errorf("%s: %v", tt.stanza, err)
		}
		if got := string(withNamespace([]byte(tt.stanza), start)); got != tt.want {
			t.Errorf("%s became %s, want %s", tt.stanza, got, tt.want)
		}
	}
}

// FuzzInbound feeds arbitrary bytes to everything between the socket and the
// codec: nothing panics, however the bytes are split the outcome is the same,
// and each answer is one well-formed element.
func FuzzInbound(f *testing.F) {
	for _, seed := range []string{
		message("1"), message("1") + " " + message("2"), "</stream:stream>", "\x00\xff", "<a/>", "<iq type='result' id='ready'/>", "<iq type='get' id='\x01'/>",
		`<iq type='get' id='a&lt;' from="x'y"><ping xmlns='urn:xmpp:ping'/></iq>`,
		`<iq type='get' id='1'><query xmlns='` + nsDisco + `'/></iq>`,
		`<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`,
		`<message from='x'><![CDATA[</message>]]></message>`, `<message from='` + strings.Repeat("x", 400) + `'/>`,
		smEnabled + message("1") + smR + smA(7) + `<presence/>`, smResumed(3) + smFailed(" h='2'"), smEnabled + smEnabled,
		smEnabled + `<a xmlns='urn:xmpp:sm:3' h='4294967296'/>`, smEnabled + `<sm:r xmlns:sm='urn:xmpp:sm:3'/>`,
		`<enabled xmlns='urn:xmpp:sm:3' resume='1' id='&lt;' location='[::1]' max='99999999999'/>`, stamped("1", testDomain), stamped("1", ""),
		stamped("1", "104-7@chat.test") + `<message><delay xmlns='urn:xmpp:delay'/><s t='call'/><delay xmlns='urn:xmpp:delay'><delay/></delay></message>`,
		`<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>[::1]:5</see-other-host></stream:error>`,
		`<message xmlns:stream='y'><s t='panic'/></message>`, `<x:message xmlns:x='jabber:client'><s/></x:message>`,
	} {
		f.Add([]byte(seed), uint8(7))
	}
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		whole := digest(t, string(data), max(1, len(data)))
		if pieces := digest(t, string(data), int(n)+1); !slices.Equal(whole, pieces) {
			t.Errorf("in one piece %q\nin pieces of %d %q", whole, n+1, pieces)
		}
	})
}

// digest feeds the two kinds of streams with the same bytes and lists what they
// lead to.
func digest(t *testing.T, text string, n int) []string {
	return append(digestStream(t, text, n, "enabled"), digestStream(t, text, n, "resumed")...)
}

// digestStream lists everything that text, read in pieces of size n, leads to.
func digestStream(t *testing.T, text string, n int, expects string) []string {
	const limit = 300
	var out []string
	var received atomic.Uint32
	in := &inbound{
		codec: testCodec{}, log: slog.New(slog.DiscardHandler), invalid: &atomic.Uint64{}, acks: newAcks(&received, expects),
		held:  held{resumed: expects == "resumed", self: jid.MustParse(testFull), away: 2 * answerWindow},
		recv:  func(s call.Signal) { out = append(out, "signal "+string(s.Type)+" "+string(s.Session)) },
		ready: func() { out = append(out, "ready") },
		reply: func(stanza string) {
			d := xml.NewDecoder(strings.NewReader(stanza))
			if _, err := nextStart(d); err != nil {
				t.Errorf("answer %q: %v", stanza, err)
			} else if err := d.Skip(); err != nil {
				t.Errorf("answer %q: %v", stanza, err)
			}
			if _, err := d.Token(); err != io.EOF {
				t.Errorf("answer %q is more than one element", stanza)
			}
			out = append(out, "answer "+stanza)
		},
	}
	fr, frames, err := cut(t, text, limit, n)
	for _, f := range frames {
		if len(f.raw) > limit {
			t.Errorf("an element of %d bytes, %d are allowed", len(f.raw), limit)
		}
		if e := in.handle(f); e != nil {
			return append(out, "ended by "+e.Error())
		}
	}
	out = append(out, fmt.Sprintf("%d counted, latest %d", received.Load(), in.acks.latest.Load()))
	if err != nil {
		return append(out, "broken by "+err.Error())
	}
	if fr.ended {
		out = append(out, "ended")
	}
	return out
}

// FuzzUnstamp wants a stanza without the server's stamps to be the same one but
// for them, however it is written.
func FuzzUnstamp(f *testing.F) {
	for _, seed := range []string{
		stamped("1", testDomain), stamped("1", ""), stamped("1", "a@b"), message("1"),
		`<message xmlns:d='urn:xmpp:delay'><d:delay/><d:delay from='chat.test'><x/></d:delay></message>`,
		`<message><delay xmlns='urn:xmpp:delay'/>`, `<message/>urn:xmpp:delay`, `</a>`, ``,
	} {
		f.Add([]byte(seed))
	}
	h := held{resumed: true, self: jid.MustParse(testFull)}
	f.Fuzz(func(t *testing.T, stanza []byte) {
		before := string(stanza)
		out, stripped := h.unstamp(stanza)
		if string(stanza) != before {
			t.Fatal("the stanza itself was changed")
		}
		if stripped != (len(out) < len(stanza)) {
			t.Errorf("stripped %v: %d of %d bytes are left", stripped, len(out), len(stanza))
		}
		if again, more := h.unstamp(out); more {
			t.Errorf("%q holds stamps still: %q", out, again)
		}
	})
}
