package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// harmless makes text from outside (ids, names and reasons that remote users
// chose) safe for a terminal: what is not printable is shown as an escape,
// except the characters in keep.
func harmless(s, keep string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) || strings.ContainsRune(keep, r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// writeJSON writes a value as JSON with a newline. Control characters beyond
// ASCII are escaped too: JSON allows them raw, terminals obey them.
func writeJSON(w io.Writer, v any, indent string) error {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err := io.WriteString(w, escapeControls(b.String()))
	return err
}

// escapeControls replaces control characters that can only stand inside the
// strings of a JSON text; newlines are those between the values.
func escapeControls(text string) string {
	if strings.IndexFunc(text, isHiddenControl) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if isHiddenControl(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isHiddenControl(r rune) bool { return r != '\n' && unicode.IsControl(r) }
