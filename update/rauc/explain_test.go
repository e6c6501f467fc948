package rauc

import (
	"strings"
	"testing"
)

// TestPassing: what says nothing about the bundle must not have it left alone.
func TestPassing(t *testing.T) {
	for text, want := range map[string]bool{
		"already processing a different method":                                 true,
		"failed to configure streaming: server not responding":                  true,
		"signature verification failed: unable to get local issuer certificate": false,
		"failed to update slot: Input/output error":                             false,
		"": false,
	} {
		if got := explain(text).Passing(); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
		if got := explain(text).Unread(); got != strings.Contains(text, "Input/output") {
			t.Errorf("%q: unread is %t", text, got)
		}
	}
}
