package config

import "log/slog"

const redacted = "[redacted]"

// Secret is a password that does not show itself in logs, errors or dumps.
// The zero value is no password.
type Secret struct {
	value *string // a pointer: fmt prints what it points to nowhere
}

// NewSecret returns s as a secret.
func NewSecret(s string) Secret { return Secret{value: &s} }

// Reveal returns the password, "" if there is none.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsSet says whether there is a password.
func (s Secret) IsSet() bool { return s.value != nil }

// String returns "[redacted]".
func (s Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (s Secret) GoString() string { return redacted }

// LogValue returns "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns "[redacted]".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText returns "[redacted]".
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalYAML returns "[redacted]".
func (s Secret) MarshalYAML() (any, error) { return redacted, nil }
