package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// finding is a mistake in the text of a file that YAML cannot be read from.
type finding struct {
	line int
	key  string // where the line belongs, as far as that can be told
	text string
}

// lint looks for the mistake in a text that the YAML parser refused. It knows
// the mistakes that people make; the parser only knows where it was lost, which
// is often far behind. badLine is the parser's line; it counts if nothing else is
// found.
func lint(data []byte, badLine int) finding {
	l := linter{known: fieldsAnywhere()}
	keys := map[int]string{}
	starts := append(lineStarts(data), len(data))
	for i := range starts[:len(starts)-1] {
		text := strings.TrimRight(string(data[starts[i]:starts[i+1]]), "\r\n\u0085\u2028\u2029")
		if problem := l.line(i+1, text); problem != "" {
			return finding{line: i + 1, key: l.path(), text: problem}
		}
		keys[i+1] = l.path()
	}
	if n := len(l.brackets); n > 0 {
		b := l.brackets[n-1]
		return finding{line: b.line, key: keys[b.line], text: fmt.Sprintf("the bracket %c is opened and not closed", b.open)}
	}
	return finding{
		line: badLine, key: keys[badLine],
		text: "cannot be read; compare its indentation, colons and quotation marks with the lines around it",
	}
}

// linter follows tables and lists by their indentation.
type linter struct {
	known    map[string]bool // names of keys
	levels   []level         // the outermost first
	opens    bool            // whether the last key has no value of its own yet
	brackets []bracket       // open ones
	last     byte            // of a value, without spaces
	literal  int             // column of a key whose text stands below it (| or >); 0 is none
}

// maxLevels bounds the tables and lists inside one another: more is no
// configuration, and takes long.
const maxLevels = 100

// level is a table or a list.
type level struct {
	column int // from 1
	line   int // the first
	list   bool
	index  int    // of the element
	key    string // the last one
}

type bracket struct {
	open byte
	line int
}

// path is the key of the last line.
func (l *linter) path() string {
	path := ""
	for _, level := range l.levels {
		if level.list {
			path += fmt.Sprintf("[%d]", level.index)
		} else {
			path += "." + level.key
		}
	}
	return strings.TrimPrefix(path, ".")
}

// line reads a line and says what is wrong with it.
func (l *linter) line(number int, text string) string {
	body := strings.TrimLeft(text, " ")
	column := len(text) - len(body) + 1
	switch {
	case strings.Trim(body, " \t") == "" || body[0] == '#' || l.literal > 0 && column > l.literal:
		return ""
	case body[0] == '\t':
		return "begins with a tab; indent with spaces only"
	}
	l.literal = 0
	if problem, found := specialSpace(outsideQuotes(body)); found {
		return problem
	}
	if len(l.brackets) > 0 || strings.HasPrefix(body, "---") || strings.HasPrefix(body, "...") {
		return l.values(number, body)
	}
	for body == "-" || strings.HasPrefix(body, "- ") {
		if problem := l.enter(number, column, true, ""); problem != "" {
			return problem
		}
		rest := strings.TrimLeft(body[1:], " ")
		column, body = column+len(body)-len(rest), rest
	}
	if body == "" {
		return ""
	}
	return l.entry(number, column, body)
}

var (
	keyValue  = regexp.MustCompile(`^(["']?)([A-Za-z_][\w-]*)(["']?) *:(.*)$`)
	firstWord = regexp.MustCompile(`^-?([A-Za-z_]\w*)( *= *| +|:|$)`)
)

// entry reads KEY: VALUE, or a value in a list.
func (l *linter) entry(number, column int, body string) string {
	if m := firstWord.FindStringSubmatch(body); m != nil && body[0] == '-' && l.known[m[1]] {
		return "lacks the space after the dash: - " + m[1]
	}
	m := keyValue.FindStringSubmatch(body)
	if m == nil || m[4] != "" && !strings.HasPrefix(m[4], " ") && !l.known[m[2]] {
		return l.loose(number, body)
	}
	above, opened := l.path(), l.opens
	if problem := l.enter(number, column, false, m[2]); problem != "" {
		return problem
	}
	if column == 1 && above != "" && l.known[m[2]] && !slices.Contains(fieldKeys(reflect.TypeFor[raw]()), m[2]) {
		return outside(above, opened)
	}
	value := strings.TrimLeft(m[4], " \t")
	switch {
	case value != "" && value == m[4]:
		return "lacks the space after the colon of " + m[2] + ":"
	case value == "" || value[0] == '#':
		l.opens = true
		return ""
	}
	if regexp.MustCompile(`^[|>][-+0-9]* *(#.*)?$`).MatchString(value) {
		l.literal = column
		return ""
	}
	if problem := plainProblem(value); problem != "" {
		return problem
	}
	return l.values(number, value)
}

// loose reads a line without a key: an element of a list, or a mistake.
func (l *linter) loose(number int, body string) string {
	if m := firstWord.FindStringSubmatch(body); m != nil && l.known[m[1]] && !l.inTextList() {
		return "is not KEY: VALUE; a colon and a space must stand behind " + m[1]
	}
	if problem := plainProblem(body); problem != "" {
		return problem
	}
	return l.values(number, body)
}

// inTextList says whether the line is an element of a list itself.
func (l *linter) inTextList() bool { return len(l.levels) > 0 && l.levels[len(l.levels)-1].list }

// enter finds the table or list that something in a column belongs to.
func (l *linter) enter(number, column int, list bool, key string) string {
	var left *level
	for len(l.levels) > 0 {
		top := &l.levels[len(l.levels)-1]
		if top.column < column || top.column == column && (top.list == list || !top.list && l.opens) {
			break
		}
		if left == nil || top.column > column {
			left = top
		}
		l.levels = l.levels[:len(l.levels)-1]
	}
	n := len(l.levels)
	opens := l.opens
	l.opens = list
	switch {
	case n >= maxLevels:
		return "is nested too deeply; no key lies so far inside"
	case n > 0 && l.levels[n-1].column == column && l.levels[n-1].list == list:
		l.levels[n-1].index++
		l.levels[n-1].key = key
	case n == 0 && left == nil, opens && (left == nil || left.column <= column):
		l.levels = append(l.levels, level{column: column, line: number, list: list, key: key})
	case list && n > 0 && l.levels[n-1].list:
		return misplaced(column, l.levels[n-1])
	case left != nil:
		return misplaced(column, *left)
	default:
		return misplaced(column, l.levels[n-1])
	}
	return ""
}

// outside says that a key is one of a table's, but not indented; above is the
// key of the line before.
func outside(above string, opened bool) string {
	if !opened {
		above = above[:max(0, strings.LastIndexAny(above, ".["))]
	}
	if above == "" {
		return "begins in column 1, but belongs to a table; indent it like the other lines there"
	}
	return "begins in column 1; if it belongs to " + above + ", indent it like the other lines there"
}

func misplaced(column int, belongs level) string {
	return fmt.Sprintf("begins in column %d, but the lines it belongs to (from line %d) begin in column %d", column, belongs.line, belongs.column)
}
