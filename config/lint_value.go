package config

import (
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// plainProblem says why a value that stands without quotes is not read as it is
// meant.
func plainProblem(value string) string {
	if problem, found := typographic(value); found {
		return problem
	}
	if strings.ContainsRune("@`%!&*|>]},?", rune(value[0])) || strings.HasPrefix(value, "- ") {
		return fmt.Sprintf("begins with %c, which YAML reads otherwise; put the whole text in quotes", value[0])
	}
	if strings.ContainsRune(`"'{[`, rune(value[0])) {
		return ""
	}
	text := withoutComment(value)
	if strings.Contains(text, ": ") || strings.HasSuffix(text, ":") {
		return "holds a second colon; a text with a colon needs quotes, and each KEY: VALUE a line of its own"
	}
	return ""
}

func withoutComment(value string) string {
	if at := strings.Index(value, " #"); at >= 0 {
		value = value[:at]
	}
	return strings.TrimRight(value, " \t")
}

// values reads quotes and brackets of a value.
func (l *linter) values(number int, s string) string {
	if len(l.brackets) == 0 {
		l.last = 0
	}
	for i := 0; i < len(s); {
		c := s[i]
		if c == '#' && (i == 0 || s[i-1] == ' ' || s[i-1] == '\t') {
			return ""
		}
		n, problem := 1, ""
		switch {
		case (c == '"' || c == '\'') && l.begins(i):
			if n, problem = quoted(s[i:]); problem == "" && l.ended() {
				problem = "lacks a comma between two values"
			}
		case (c == '{' || c == '[') && l.begins(i):
			l.brackets = append(l.brackets, bracket{open: c, line: number})
		case (c == '}' || c == ']') && len(l.brackets) > 0:
			problem = l.closeBracket(c)
		case c == ',' && len(l.brackets) > 0 && strings.ContainsRune(",[{", rune(l.last)):
			problem = "has a comma too many"
		case c == '?' && len(l.brackets) > 0:
			problem = "holds a ? between brackets, where YAML reads it otherwise; put the whole text in quotes"
		}
		if problem != "" {
			return problem
		}
		if c != ' ' && c != '\t' {
			l.last = c
		}
		i += n
	}
	return ""
}

// begins says whether a quotation mark or a bracket at a place of the line can
// be the beginning of a value.
func (l *linter) begins(at int) bool {
	return l.last == 0 || strings.ContainsRune(",:[{", rune(l.last)) || at == 0 || l.ended()
}

// ended says whether a value between brackets ended before.
func (l *linter) ended() bool {
	return len(l.brackets) > 0 && l.last != 0 && strings.ContainsRune(`"'}]`, rune(l.last))
}

func (l *linter) closeBracket(c byte) string {
	last := l.brackets[len(l.brackets)-1]
	if (last.open == '{') != (c == '}') {
		return fmt.Sprintf("the bracket %c of line %d is closed by %c", last.open, last.line, c)
	}
	l.brackets = l.brackets[:len(l.brackets)-1]
	return ""
}

// quoted returns the length of the text in quotes at the beginning of s, or
// what is wrong with it.
func quoted(s string) (n int, problem string) {
	quote, escape := s[0], s[0]
	if quote == '"' {
		escape = '\\'
	}
	n = closing([]byte(s), quote, escape)
	if n == 0 {
		return 0, fmt.Sprintf("a quotation mark %c is opened and not closed", quote)
	}
	if rest := strings.TrimLeft(s[n:], " \t"); rest != "" && !strings.ContainsRune(",]}:#", rune(rest[0])) {
		return 0, fmt.Sprintf("text stands behind the closing quotation mark %c; put the whole text in quotes of the other kind", quote)
	}
	if quote == '"' && badEscape(s[1:n-1]) {
		return 0, `has a \ inside "…", where it must be written \\; or use '…'`
	}
	return n, ""
}

// badEscape says whether a backslash stands before what YAML does not know
// (YAML 1.2 section 5.7).
func badEscape(s string) bool {
	for i := 0; i+1 < len(s); i++ {
		if s[i] != '\\' {
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i+1:])
		digits := map[rune]int{'x': 2, 'u': 4, 'U': 8}[r]
		if !strings.ContainsRune("0abtnvfre \"/\\N_LPxuU\t", r) || len(s) < i+2+digits ||
			strings.Trim(s[i+2:i+2+digits], "0123456789abcdefABCDEF") != "" {
			return true
		}
		i += size
	}
	return false
}

// outsideQuotes cuts quotes and comments out of a line.
func outsideQuotes(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"' || s[i] == '\'':
			escape := s[i]
			if s[i] == '"' {
				escape = '\\'
			}
			if n := closing([]byte(s[i:]), s[i], escape); n > 0 {
				i += n - 1
				continue
			}
		case s[i] == '#' && (i == 0 || s[i-1] == ' '):
			return out.String()
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// fieldsAnywhere returns the names of all keys, whatever table they are in.
func fieldsAnywhere() map[string]bool {
	names := map[string]bool{}
	walk(func(path string, _ reflect.Type) { names[path[strings.LastIndexByte(path, '.')+1:]] = true })
	return names
}
