package quickblox

import (
	"bytes"
	"encoding/xml"
	"strings"
	"unicode/utf8"
)

// writeElement writes <name>text</name>.
func writeElement(b *bytes.Buffer, name, text string) {
	openElement(b, name)
	writeText(b, text)
	closeElement(b, name)
}

func openElement(b *bytes.Buffer, name string) {
	b.WriteByte('<')
	b.WriteString(name)
	b.WriteByte('>')
}

func closeElement(b *bytes.Buffer, name string) {
	b.WriteString("</")
	b.WriteString(name)
	b.WriteByte('>')
}

// writeText writes character data. A carriage return is written as a
// reference, or the receiving parser would turn it into a line feed (XML 1.0
// section 2.11); what XML cannot carry becomes U+FFFD.
func writeText(b *bytes.Buffer, s string) {
	for _, r := range carried(s) {
		switch r {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '"':
			b.WriteString("&quot;")
		case '\r':
			b.WriteString("&#xD;")
		default:
			b.WriteRune(r)
		}
	}
}

// carried replaces what XML cannot carry, invalid UTF-8 included, by U+FFFD.
func carried(s string) string {
	if isText(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isChar(r) {
			return r
		}
		return utf8.RuneError
	}, s)
}

// isChar says whether XML can carry r (XML 1.0 production 2, Char).
func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' ||
		r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}

// isName says whether s can be the name of an element without a prefix. It
// asks encoding/xml, which knows the names of XML 1.0 fourth edition: the
// common part of what the parsers of servers and browsers take.
func isName(s string) bool {
	if s == "" || strings.ContainsAny(s, "<>/:=\"' \t\r\n") {
		return false
	}
	token, err := xml.NewDecoder(strings.NewReader("<" + s + "/>")).RawToken()
	start, ok := token.(xml.StartElement)
	return err == nil && ok && start.Name.Local == s
}

// unixLines ends every line with LF, as a description looks to every receiver
// once XML parsers were on its way.
func unixLines(s string) string {
	if !strings.Contains(s, "\r") {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}
