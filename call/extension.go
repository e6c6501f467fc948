package call

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Bounds of an [Extension] to be sent. Receivers may bound userInfo at 16 KiB,
// in which a byte that XML cannot carry takes three.
const (
	maxExtensionKeys  = 32
	maxExtensionBytes = 5 << 10 // keys and values together
)

// ExtensionError tells what of an extension cannot be sent.
type ExtensionError struct {
	Key    string // "" when it is about the whole
	Reason string
}

func (e *ExtensionError) Error() string {
	if e.Key == "" {
		return "extension: " + e.Reason
	}
	return fmt.Sprintf("extension key %.64q: %s", e.Key, e.Reason)
}

// Validate says whether the extension can be sent: at most 32 keys, 5 KiB, and
// every key a name of an element of userInfo, in ASCII (XML 1.0 section 2.3).
// No part of a key, parts being joined with '.', may be "bandwidth", which is a
// field of its own, nor "delay" or "moduleIdentifier", which make an SDK ignore
// the signal. The error is an *[ExtensionError].
func (x Extension) Validate() error {
	if len(x) > maxExtensionKeys {
		return &ExtensionError{Reason: fmt.Sprintf("%d keys, at most %d can be sent", len(x), maxExtensionKeys)}
	}
	size := 0
	for _, key := range slices.Sorted(maps.Keys(x)) {
		size += len(key) + len(x[key])
		if !isElementName(key) {
			return &ExtensionError{Key: key, Reason: "must begin with a letter or '_' and go on with letters, digits, '_', '-' and '.'"}
		}
		for part := range strings.SplitSeq(key, ".") {
			if part == "bandwidth" || part == "delay" || part == "moduleIdentifier" {
				return &ExtensionError{Key: key, Reason: fmt.Sprintf("%q has a meaning of its own in a call", part)}
			}
		}
	}
	if size > maxExtensionBytes {
		return &ExtensionError{Reason: fmt.Sprintf("%d bytes, at most %d can be sent", size, maxExtensionBytes)}
	}
	return nil
}

func isElementName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		later := r >= '0' && r <= '9' || r == '-' || r == '.'
		if !letter && (i == 0 || !later) {
			return false
		}
	}
	return s != ""
}
