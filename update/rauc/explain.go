package rauc

import "strings"

// Error is a refusal by RAUC.
type Error struct {
	Plain string // what it means; "" when that is not known
	Text  string // RAUC's own words
}

func (e *Error) Error() string {
	switch {
	case e.Plain == "":
		return "RAUC: " + e.Text
	case e.Text == "":
		return e.Plain
	}
	return e.Plain + " (RAUC: " + e.Text + ")"
}

// busy says that RAUC is at something else.
func (e *Error) busy() bool { return e.Plain == plainBusy }

// Unread says that RAUC could not read on in a bundle: its content was changed,
// or what it was read from broke.
func (e *Error) Unread() bool { return e.Plain == plainUnread }

// Unsupported says that this RAUC was built without what was asked of it.
func (e *Error) Unsupported() bool { return e.Plain == plainUnsupported }

const (
	plainBusy        = "RAUC is busy with something else"
	plainUnsupported = "this RAUC is too old or was built without it"
	plainUnreached   = "the server does not give the bundle away"
	plainUnread      = "the content of the bundle is not what was signed, or the connection or the card broke down"
)

// meaning pairs words of RAUC or OpenSSL, in lower case, with plain ones.
type meaning struct{ words, plain string }

// meanings are searched in order, so what is special stands first. The words
// are those of RAUC 1.8 to 1.15 with OpenSSL 3.
func meanings() []meaning {
	return []meaning{
		{"already processing a different method", plainBusy},
		{"unsupported key", plainUnsupported},
		{"remote bundle access not supported", plainUnsupported},
		{"compatible mismatch", "the bundle is for another kind of board"},
		{"refusing to install bundle with unexpected hash", "this is not the bundle that the manifest promised"},
		{"certificate has expired", "the certificate that signed the bundle has expired"},
		{"certificate is not yet valid", "the certificate that signed the bundle is not valid yet; is the clock right?"},
		{"certificate purpose", "the bundle was signed with a certificate that is not for signing software"},
		{"issuer certificate", "the bundle was signed by somebody this device does not trust"},
		{"self signed certificate", "the bundle was signed by somebody this device does not trust"},
		{"self-signed certificate", "the bundle was signed by somebody this device does not trust"},
		{"/dev/mapper", "this kernel cannot check bundles: it has no dm-verity"},
		{"failed to open bundle for reading", "there is no such bundle, or it cannot be read"},
		{"signature size", "the bundle is incomplete, or no bundle at all"},
		{"payload size", "the bundle is incomplete, or no bundle at all"},
		{"invalid bundle format", "the bundle is incomplete, or no bundle at all"},
		{"bundle size", "the bundle is incomplete, or no bundle at all"},
		{"dm-verity", "the content of the bundle is not what was signed"},
		{"verity", "the content of the bundle is not what was signed"},
		{"cms", "the signature of the bundle is damaged"},
		{"failed to parse signature", "the signature of the bundle is damaged"},
		{"signature verification", "the signature of the bundle is not right"},
		{"failed to verify signature", "the signature of the bundle is not right"},
		{"exited with code 10", "the bundle is older than what runs; a downgrade is never installed"}, // the image's pre-install handler
		{"exited with code 11", "a new version is on trial: install again when that is over"},         // the same
		{"pre-install handler error", "the device's own check refused the bundle"},
		{"not allowed", "bundles of this kind are not allowed here"},
		{"no space left", "there is no space left"},
		{"input/output error", plainUnread},
		{"failed to configure streaming", plainUnreached},
		{"not found", "there is no such bundle"},
		{"unsafe bundle", "RAUC does not trust the place the bundle is in"},
		{"unsafe filesystem", "RAUC does not trust the place the bundle is in"},
	}
}

// explain makes an error of RAUC's words.
func explain(text string) *Error {
	text = strings.TrimSpace(text)
	lower := strings.ToLower(text)
	for _, m := range meanings() {
		if strings.Contains(lower, m.words) {
			return &Error{Plain: m.plain, Text: text}
		}
	}
	if text == "" {
		return &Error{Plain: "RAUC does not say why"}
	}
	return &Error{Text: text}
}

// Passing says that the refusal has nothing to do with the bundle, so that the
// same one may be installed later.
func (e *Error) Passing() bool { return e.busy() || e.Plain == plainUnreached }
