package signaling

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"mellium.im/sasl"
)

func TestCheckChallenge(t *testing.T) {
	tests := []struct {
		challenge string
		ok        bool
	}{
		{"r=abc,s=c2FsdA==,i=4096", true},
		{"r=abc,s=c2FsdA==,i=1000000", true},
		{"r=abc,s=c2FsdA==,i=1000001", false},
		{"r=abc,s=c2FsdA==,i=0", false},
		{"r=abc,s=c2FsdA==,i=-1", false},
		{"r=abc,s=c2FsdA==,i=4x", false},
		{"r=abc,s=c2FsdA==", false},
		{"", false},
		{",", false},
		{"r=abc,s=c2FsdA==,i=4096,", false},
		{"r=abc,x,i=4096", false},
		{"r=abc,ss=x,i=4096", false},
	}
	for _, tt := range tests {
		if err := checkChallenge([]byte(tt.challenge)); (err == nil) != tt.ok {
			t.Errorf("checkChallenge(%q) = %v, want ok %v", tt.challenge, err, tt.ok)
		}
	}
}

// TestExchange drives a login against fixed answers: SCRAM servers cannot be
// scripted without the client's nonce, but everything else can.
func TestExchange(t *testing.T) {
	ok := `<success xmlns='` + nsSASL + `'/>`
	failure := func(inner string) string { return `<failure xmlns='` + nsSASL + `'>` + inner + `</failure>` }
	challenge := func(data string) string {
		return `<challenge xmlns='` + nsSASL + `'>` + base64.StdEncoding.EncodeToString([]byte(data)) + `</challenge>`
	}
	tests := []struct {
		name      string
		mechanism sasl.Mechanism
		answers   string
		want      string // "" is success
		refused   bool   // the error is an authError
	}{
		{"PLAIN", sasl.Plain, ok, "", false},
		{"PLAIN, empty challenge", sasl.Plain, challenge(""), "a challenge after the last one", true},
		{"PLAIN, challenge", sasl.Plain, challenge("more"), "a challenge after the last one", true},
		{"refused", sasl.Plain, failure(`<not-authorized/>`), "not-authorized", true},
		{"refused with text first", sasl.Plain, failure(`<text>No.</text><account-disabled/>`), "account-disabled", true},
		{"refused without a reason", sasl.Plain, failure(``), "no reason given", true},
		{"out of order", sasl.Plain, failure(`<temporary-auth-failure/>`), "cannot say now", false},
		{"SCRAM without a challenge", sasl.ScramSha256, ok, "malformed", true},
		{"SCRAM, other nonce", sasl.ScramSha1, challenge("r=x,s=c2FsdA==,i=4096"), "nonce", true},
		{"SCRAM, endless work", sasl.ScramSha1, challenge("r=x,s=c2FsdA==,i=2147483647"), "iteration count", true},
		{"SCRAM, malformed", sasl.ScramSha1, challenge("r=x,"), "malformed", true},
		{"no base64", sasl.ScramSha1, `<challenge xmlns='` + nsSASL + `'>%%</challenge>`, "decode challenge", false},
		{"other element", sasl.Plain, `<proceed xmlns='` + nsSASL + `'/>`, "unexpected <proceed>", false},
		{"other namespace", sasl.Plain, `<success xmlns='urn:x'/>`, "unexpected <success>", false},
		{"cut off", sasl.Plain, `<success xmlns='` + nsSASL + `'>`, "EOF", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := login{account: "104-7@chat.test", username: "104-7", password: testPassword}
			var sent strings.Builder
			err := l.exchange(tt.mechanism, &sent, xml.NewDecoder(strings.NewReader(tt.answers)))
			var refused *authError
			switch {
			case (err == nil) != (tt.want == ""):
				t.Fatalf("error %v, want %q", err, tt.want)
			case errors.As(err, &refused) != tt.refused:
				t.Errorf("error %v (%T), want an authError: %v", err, err, tt.refused)
			case refused != nil && !strings.Contains(refused.condition, tt.want):
				t.Errorf("condition %q, want %q", refused.condition, tt.want)
			case refused == nil && err != nil && !strings.Contains(err.Error(), tt.want):
				t.Errorf("error %q, want %q", err, tt.want)
			}
			if n := strings.Count(sent.String(), "<"); n != 2 {
				t.Errorf("sent %d tags, want the <auth> only: %s", n, sent.String())
			}
		})
	}
}

// TestScramServerSignature plays a SCRAM server that knows the password, and
// one that only says so.
func TestScramServerSignature(t *testing.T) {
	for _, mechanism := range []sasl.Mechanism{sasl.ScramSha1, sasl.ScramSha256} {
		for _, tt := range []struct {
			name   string
			ending func(signature string) string
			ok     bool
		}{
			{"in success", func(v string) string { return saslXML("success", v) }, true},
			{"in a challenge", func(v string) string { return saslXML("challenge", v) + saslXML("success", "") }, true},
			{"missing", func(string) string { return saslXML("success", "") }, false},
			{"wrong", func(string) string { return saslXML("success", "v=AAAA") }, false},
		} {
			t.Run(mechanism.Name+" "+tt.name, func(t *testing.T) {
				l := login{account: "a@b", username: testUser, password: testPassword}
				server := newSASLServer(mechanism.Name)
				w := &scramServer{t: t, server: server, ending: tt.ending}
				err := l.exchange(mechanism, w, xml.NewDecoder(w))
				var refused *authError
				if (err == nil) != tt.ok || errors.As(err, &refused) == tt.ok {
					t.Errorf("error %v, want ok %v", err, tt.ok)
				}
			})
		}
	}
}

func saslXML(name, data string) string {
	return `<` + name + ` xmlns='` + nsSASL + `'>` + base64.StdEncoding.EncodeToString([]byte(data)) + `</` + name + `>`
}

// scramServer answers what is written to it in what is read from it.
type scramServer struct {
	t      *testing.T
	server *sasl.Negotiator
	ending func(signature string) string
	out    strings.Builder
	read   int
	done   bool
}

func (s *scramServer) Write(p []byte) (int, error) {
	var e struct {
		Data string `xml:",chardata"`
	}
	if err := xml.Unmarshal(p, &e); err != nil {
		s.t.Errorf("the client wrote %q: %v", p, err)
	}
	if s.done {
		return len(p), nil // the empty response to the last challenge
	}
	data, err := decode(e.Data)
	if err != nil {
		s.t.Errorf("the client wrote %q: %v", p, err)
	}
	more, answer, err := s.server.Step(data)
	if err != nil {
		s.t.Errorf("the server refuses %q: %v", data, err)
	}
	if more {
		s.out.WriteString(saslXML("challenge", string(answer)))
	} else {
		s.out.WriteString(s.ending(string(answer)))
		s.done = true
	}
	return len(p), nil
}

func (s *scramServer) Read(p []byte) (int, error) {
	n := copy(p, s.out.String()[s.read:])
	s.read += n
	if n == 0 {
		return 0, errSilent
	}
	return n, nil
}
