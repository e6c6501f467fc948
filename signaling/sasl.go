package signaling

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"mellium.im/sasl"
	"mellium.im/xmpp"
)

const (
	nsSASL = "urn:ietf:params:xml:ns:xmpp-sasl"

	// maxIterations bounds the work a server may ask for: the key derivation
	// cannot be interrupted. RFC 7677 asks for at least 4096.
	maxIterations = 1_000_000
)

// login is the SASL profile of RFC 6120 section 6 as a stream feature. It is
// our own because the reason of a refusal (section 6.5) decides how soon to
// come back, and because a SCRAM challenge has to be checked before mellium.im/sasl
// sees it.
type login struct {
	account  string // bare JID, for errors
	username string
	password string
	secure   bool // the stream is encrypted
	phase    func(string)
}

func (l login) feature() xmpp.StreamFeature {
	f := xmpp.StreamFeature{
		Name:       xml.Name{Space: nsSASL, Local: "mechanisms"},
		Prohibited: xmpp.Authn,
		Parse: func(_ context.Context, d *xml.Decoder, start *xml.StartElement) (bool, any, error) {
			var offer struct {
				Names []string `xml:"urn:ietf:params:xml:ns:xmpp-sasl mechanism"`
			}
			err := d.DecodeElement(&offer, start)
			return true, offer.Names, err
		},
		Negotiate: l.negotiate,
	}
	if l.secure {
		f.Necessary = xmpp.Secure
	}
	return f
}

func (l login) negotiate(_ context.Context, s *xmpp.Session, data any) (xmpp.SessionState, io.ReadWriter, error) {
	l.phase("login")
	offered, _ := data.([]string)
	mechanism, err := choose(offered, l.secure)
	if err != nil {
		return 0, nil, err
	}
	r := s.TokenReader()
	defer r.Close()
	if err := l.exchange(mechanism, s.Conn(), xml.NewTokenDecoder(r)); err != nil {
		return 0, nil, err
	}
	return xmpp.Authn, s.Conn(), nil
}

// choose picks the strongest mechanism offered. PLAIN shows the password to
// the server: it goes through TLS, or, where an insecure link is allowed, to a
// server that knows nothing better. The -PLUS mechanisms are left out, as
// servers offer channel binding that then fails over TLS 1.3.
func choose(offered []string, secure bool) (sasl.Mechanism, error) {
	for _, m := range []sasl.Mechanism{sasl.ScramSha256, sasl.ScramSha1} {
		if slices.Contains(offered, m.Name) {
			return m, nil
		}
	}
	better := slices.ContainsFunc(offered, func(name string) bool { return strings.HasPrefix(name, "SCRAM-") })
	if slices.Contains(offered, sasl.Plain.Name) && (secure || !better) {
		return sasl.Plain, nil
	}
	return sasl.Mechanism{}, fmt.Errorf("log in: the server offers no usable SASL mechanism (it offers: %s)",
		clip(strings.Join(offered, ", ")))
}

// exchange runs the mechanism to its end.
func (l login) exchange(m sasl.Mechanism, w io.Writer, d *xml.Decoder) error {
	client := sasl.NewClient(m, sasl.Credentials(func() (username, password, identity []byte) {
		return []byte(l.username), []byte(l.password), nil
	}))
	more, response, err := client.Step(nil)
	if err != nil {
		return fmt.Errorf("start %s: %w", m.Name, err)
	}
	if err := send(w, `<auth xmlns='%s' mechanism='%s'>%s</auth>`, nsSASL, m.Name, encode(response)); err != nil {
		return err
	}
	for {
		answer, err := readSASL(d)
		if err != nil {
			return err
		}
		if answer.failure != "" {
			return l.refused(answer.failure)
		}
		if more || !answer.success {
			if more, response, err = step(client, more, answer.data); err != nil {
				return &authError{account: l.account, condition: err.Error()}
			}
		}
		switch {
		case answer.success && more:
			return &authError{account: l.account, condition: "the server did not prove that it knows the password"}
		case answer.success:
			return nil
		}
		if err := send(w, `<response xmlns='%s'>%s</response>`, nsSASL, encode(response)); err != nil {
			return err
		}
	}
}

// step hands a challenge to the mechanism once it is known to be harmless.
func step(client *sasl.Negotiator, more bool, challenge []byte) (bool, []byte, error) {
	if !more {
		return false, nil, errors.New("the server sent a challenge after the last one")
	}
	if client.State()&sasl.StepMask == sasl.AuthTextSent {
		if err := checkChallenge(challenge); err != nil {
			return false, nil, err
		}
	}
	return client.Step(challenge)
}

// checkChallenge checks the shape of a SCRAM server-first-message (RFC 5802
// section 7): key=value fields, and an iteration count that is no attack.
func checkChallenge(challenge []byte) error {
	iterations := 0
	for field := range bytes.SplitSeq(challenge, []byte(",")) {
		if len(field) < 3 || field[1] != '=' {
			return errors.New("the SCRAM challenge is malformed")
		}
		if field[0] == 'i' {
			iterations, _ = strconv.Atoi(string(field[2:]))
		}
	}
	if iterations < 1 || iterations > maxIterations {
		return fmt.Errorf("the SCRAM iteration count is not from 1 to %d", maxIterations)
	}
	return nil
}

func (l login) refused(condition string) error {
	if condition == "temporary-auth-failure" || condition == "aborted" {
		return fmt.Errorf("log in as %s: the server cannot say now (%s)", l.account, condition)
	}
	return &authError{account: l.account, condition: condition}
}

// saslAnswer is a <challenge/>, <success/> or <failure/>.
type saslAnswer struct {
	data    []byte
	success bool
	failure string // the condition
}

func readSASL(d *xml.Decoder) (saslAnswer, error) {
	start, err := nextStart(d)
	if err != nil {
		return saslAnswer{}, err
	}
	if start.Name.Space != nsSASL {
		return saslAnswer{}, fmt.Errorf("log in: unexpected <%s>", clip(start.Name.Local))
	}
	switch start.Name.Local {
	case "challenge", "success":
		var text struct {
			Data string `xml:",chardata"`
		}
		if err := d.DecodeElement(&text, &start); err != nil {
			return saslAnswer{}, err
		}
		data, err := decode(text.Data)
		return saslAnswer{data: data, success: start.Name.Local == "success"}, err
	case "failure":
		var f struct {
			Conditions []struct{ XMLName xml.Name } `xml:",any"`
		}
		if err := d.DecodeElement(&f, &start); err != nil {
			return saslAnswer{}, err
		}
		for _, c := range f.Conditions {
			if c.XMLName.Local != "text" {
				return saslAnswer{failure: clip(c.XMLName.Local)}, nil
			}
		}
		return saslAnswer{failure: "no reason given"}, nil
	}
	return saslAnswer{}, fmt.Errorf("log in: unexpected <%s>", clip(start.Name.Local))
}

// encode is base64 with "=" for an empty response (RFC 6120 section 6.4.2).
func encode(response []byte) string {
	if len(response) == 0 {
		return "="
	}
	return base64.StdEncoding.EncodeToString(response)
}

func decode(text string) ([]byte, error) {
	if text = strings.TrimSpace(text); text == "=" {
		return nil, nil
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("log in: decode challenge: %w", err)
	}
	return data, nil
}

// nextStart returns the next start tag, passing over white space.
func nextStart(d *xml.Decoder) (xml.StartElement, error) {
	for {
		t, err := d.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			return t.Copy(), nil
		case xml.EndElement:
			return xml.StartElement{}, fmt.Errorf("unexpected </%s>", clip(t.Name.Local))
		}
	}
}

// send writes one element during negotiation.
func send(w io.Writer, format string, args ...any) error {
	_, err := fmt.Fprintf(w, format, args...)
	return err
}
