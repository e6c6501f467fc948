package signaling

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"mellium.im/xmpp"
)

// managementFeature only notes that the server manages streams; bindFeature
// does the rest, as a session is resumed in place of binding (XEP-0198 section
// 5) and enabled after it.
func managementFeature() xmpp.StreamFeature {
	return xmpp.StreamFeature{
		Name:      xml.Name{Space: nsManagement, Local: "sm"},
		Necessary: xmpp.Authn,
		Parse: func(_ context.Context, d *xml.Decoder, _ *xml.StartElement) (bool, any, error) {
			return false, true, d.Skip()
		},
	}
}

var errOtherSession = errors.New("the server resumed another one")

// resume asks for the session of a lost connection. It tells whether it goes
// on; if not, the session is forgotten, and only what the server says it has
// handled counts as sent.
func (n *negotiation) resume(w io.Writer, d *xml.Decoder) (bool, error) {
	n.phase = "resumption"
	old := n.session
	if err := send(w, `<resume xmlns='%s' h='%d' previd='%s'/>`, nsManagement, old.received.Load(), escape(old.id)); err != nil {
		return false, err
	}
	old.reported = old.received.Load()
	answer, err := nextStart(d)
	if err != nil {
		return false, err
	}
	if err := d.Skip(); err != nil {
		return false, err
	}
	switch answer.Name {
	case xml.Name{Space: nsManagement, Local: "resumed"}:
		return true, resumed(old, answer)
	case xml.Name{Space: nsManagement, Local: "failed"}:
		old.forget()
		if h, err := count(answer); err == nil && attr(answer, "h") != "" {
			_ = old.handled(h) // a wrong count says nothing; all of it is sent again
		}
		return false, nil
	}
	return false, fmt.Errorf("negotiate %s: unexpected <%s>", n.phase, clip(answer.Name.Local))
}

// resumed checks and takes the server's <resumed/>. After an error the session
// is not asked for again.
func resumed(old *session, answer xml.StartElement) error {
	h, err := count(answer)
	switch {
	case err != nil:
	case attr(answer, "previd") != old.id:
		err = errOtherSession
	default:
		err = old.handled(h)
	}
	if err != nil {
		old.forget()
		return fmt.Errorf("resume session: %w", err)
	}
	return nil
}
