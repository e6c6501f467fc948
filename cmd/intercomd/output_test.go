package main

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestHarmless(t *testing.T) {
	tests := []struct{ in, keep, want string }{
		{"Front door", "", "Front door"},
		{"Grüße 門 🔔", "", "Grüße 門 🔔"},
		{"a\nb\tc", "\n", "a\nb\\tc"},
		{"\x1b[2J\x07\x7f", "", `\x1b[2J\a\x7f`},
		{"\u009b31m\u202etxt", "", `\u009b31m\u202etxt`},
		{"\xff", "", "\uFFFD"},
	}
	for _, tt := range tests {
		if got := harmless(tt.in, tt.keep); got != tt.want {
			t.Errorf("harmless(%q, %q) = %q, want %q", tt.in, tt.keep, got, tt.want)
		}
	}
}

// Output for a terminal never commands it, and JSON stays the same value.
func FuzzOutput(f *testing.F) {
	for _, seed := range []string{"", "x", "\x1b]0;title\x07", "\u009b", "\u007f\u2028<&>", "\xff\xfe", "\\u001b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if i := strings.IndexFunc(harmless(s, ""), unicode.IsControl); i >= 0 {
			t.Errorf("harmless(%q) has a control character at %d", s, i)
		}
		var b strings.Builder
		if err := writeJSON(&b, map[string]string{"key": s}, ""); err != nil {
			t.Fatal(err)
		}
		line := strings.TrimSuffix(b.String(), "\n")
		if strings.IndexFunc(line, unicode.IsControl) >= 0 {
			t.Errorf("JSON of %q is %q", s, line)
		}
		var back map[string]string
		if err := json.Unmarshal([]byte(line), &back); err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(s) && back["key"] != s {
			t.Errorf("%q came back as %q", s, back["key"])
		}
	})
}
