package update

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// PayloadType is the payloadType of the envelope of a manifest.
	PayloadType = "application/vnd.intercomd.manifest+json"

	maxManifest   = 64 << 10 // bytes, of the envelope
	maxUpdates    = 256
	maxSignatures = 8
	maxBundle     = 1 << 30 // bytes
	maxText       = 2048    // bytes of a URL
)

// envelope is a DSSE envelope (Dead Simple Signing Envelope 1.0.0), with the
// certificate beside each signature.
type envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     []byte      `json:"payload"`
	Signatures  []signature `json:"signatures"`
}

// signature is one of an envelope.
type signature struct {
	Cert []byte `json:"cert"` // DER: the signer's, and intermediate ones after it
	Sig  []byte `json:"sig"`  // ECDSA, ASN.1
}

// Manifest lists the updates there are.
type Manifest struct {
	Updates []Update `json:"updates"`
}

// Update is a bundle for one kind of board.
type Update struct {
	Channel        string    `json:"channel"`
	Version        string    `json:"version"`    // SemVer
	Compatible     string    `json:"compatible"` // e.g. intercom-rpi4
	URL            string    `json:"url"`        // https
	SHA256         string    `json:"sha256"`     // of the bundle, hex
	Size           int64     `json:"size"`       // of the bundle, bytes
	ManifestHash   string    `json:"manifest_hash,omitempty"`
	MinimumVersion string    `json:"minimum_version,omitempty"` // that must run already
	Rollout        *int      `json:"rollout,omitempty"`         // percent of the devices; nil is all
	Expires        time.Time `json:"expires,omitzero"`
	ReportURL      string    `json:"report_url,omitempty"` // https
}

// parseEnvelope reads an envelope without believing any of it.
func parseEnvelope(data []byte) (envelope, error) {
	var e envelope
	if len(data) > maxManifest {
		return e, fmt.Errorf("the manifest is larger than %d KiB", maxManifest>>10)
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return e, fmt.Errorf("the manifest is no signed envelope: %w", err)
	}
	switch {
	case e.PayloadType != PayloadType:
		return e, fmt.Errorf("the manifest is of another kind (%.100q)", e.PayloadType)
	case len(e.Signatures) == 0:
		return e, errors.New("the manifest is not signed")
	case len(e.Signatures) > maxSignatures:
		return e, fmt.Errorf("the manifest has more than %d signatures", maxSignatures)
	}
	return e, nil
}

// parseManifest reads the payload of an envelope. Keys it does not know are for
// later versions.
func parseManifest(payload []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(payload, &m); err != nil {
		return Manifest{}, fmt.Errorf("the content of the manifest makes no sense: %w", err)
	}
	if len(m.Updates) > maxUpdates {
		return Manifest{}, fmt.Errorf("the manifest lists more than %d updates", maxUpdates)
	}
	return m, nil
}

// check says what is wrong with an update that is for this device.
func (u Update) check() error {
	fail := func(key string, err error) error {
		return fmt.Errorf("the manifest's update %.64q: %s: %w", u.Version, key, err)
	}
	if _, err := ParseVersion(u.Version); err != nil {
		return fail("version", err)
	}
	if err := checkURL(u.URL); err != nil {
		return fail("url", err)
	}
	if !isHash(u.SHA256) {
		return fail("sha256", errors.New("want 64 hexadecimal digits"))
	}
	if u.Size < 1 || u.Size > maxBundle {
		return fail("size", fmt.Errorf("want 1 to %d bytes", maxBundle))
	}
	if u.ManifestHash != "" && !isHash(u.ManifestHash) {
		return fail("manifest_hash", errors.New("want 64 hexadecimal digits"))
	}
	if u.MinimumVersion != "" {
		if _, err := ParseVersion(u.MinimumVersion); err != nil {
			return fail("minimum_version", err)
		}
	}
	if u.Rollout != nil && (*u.Rollout < 0 || *u.Rollout > 100) {
		return fail("rollout", errors.New("want 0 to 100"))
	}
	if u.ReportURL != "" {
		if err := checkURL(u.ReportURL); err != nil {
			return fail("report_url", err)
		}
	}
	return nil
}

// isHash says whether s is a SHA-256 in lower or upper case.
func isHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}
