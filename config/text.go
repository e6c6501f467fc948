package config

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// checkText says why data is no text that YAML can be in, with the line, or 0
// if it is about all of it; "" if it is one. Windows line ends and a byte order
// mark are fine.
func checkText(data []byte) (line int, problem string) {
	const plain = "write it with a plain editor such as Notepad, not with a word processor"
	switch {
	case isUTF16(data):
		return 0, `is saved as UTF-16 ("Unicode"); save it with the encoding UTF-8`
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte(`{\rtf`)), bytes.IndexByte(data, 0) >= 0:
		return 0, "is not a text file; " + plain
	}
	line = 1
	for at := 0; at < len(data); {
		if n := lineBreak(data[at:]); n > 0 {
			line, at = line+1, at+n
			continue
		}
		r, size := utf8.DecodeRune(data[at:])
		switch {
		case r == utf8.RuneError && size <= 1:
			return line, "holds a letter that is not UTF-8; save the file with the encoding UTF-8"
		case isForbidden(r):
			return line, fmt.Sprintf("holds the character U+%04X, which no text has; %s", r, plain)
		}
		at += size
	}
	return 0, ""
}

// isUTF16 says whether data begins like UTF-16, with a byte order mark or with
// two letters of ASCII.
func isUTF16(data []byte) bool {
	if len(data) < 4 {
		return false
	}
	mark := data[0] == 0xFF && data[1] == 0xFE || data[0] == 0xFE && data[1] == 0xFF
	little := data[0] != 0 && data[1] == 0 && data[2] != 0 && data[3] == 0
	big := data[0] == 0 && data[1] != 0 && data[2] == 0 && data[3] != 0
	return mark || little || big
}

// isForbidden says whether YAML forbids a character (YAML 1.2 section 5.1).
func isForbidden(r rune) bool {
	switch {
	case r == '\t' || r == '\n' || r == '\r' || r == 0x85:
		return false
	}
	return r < 0x20 || r >= 0x7F && r < 0xA0 || r == 0xFFFE || r == 0xFFFF
}

// specialSpaces look like a space or like nothing, and are none to YAML.
const specialSpaces = "\u00a0\u00ad\u2007\u200b\u200c\u200d\u202f\u2060\u3000\ufeff"

// specialSpace describes the first special space in s.
func specialSpace(s string) (problem string, found bool) {
	at := strings.IndexAny(s, specialSpaces)
	if at < 0 {
		return "", false
	}
	r, _ := utf8.DecodeRuneInString(s[at:])
	return fmt.Sprintf("holds a special space (U+%04X), as web pages and word processors make them; write an ordinary one", r), true
}

// typographicQuotes are those that word processors and phones write for " and '.
const typographicQuotes = "“”„‟‘’‚‛«»‹›"

// typographic describes a typographic quotation mark at the beginning of s.
func typographic(s string) (problem string, found bool) {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 || !strings.ContainsRune(typographicQuotes, r) {
		return "", false
	}
	return fmt.Sprintf("begins with the typographic quotation mark %c; write straight ones: \"", r), true
}
