package config

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Problem is one thing wrong with a configuration.
type Problem struct {
	Place string // "FILE:LINE", "FILE", the environment variable or "--KEY"; "" if there is none
	Key   string // e.g. "contacts[1].user_id"; "" if it is about a whole file
	Text  string // the value and what is allowed
	line  int    // in the file; 0 otherwise
}

func (p Problem) String() string {
	var parts []string
	for _, part := range []string{p.Place, p.Key, p.Text} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ": ")
}

// Error lists every problem of a configuration.
type Error struct {
	Problems []Problem // at least one; those of the file by line
}

// Error returns one problem a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Warning is something that works but should not stay so.
type Warning struct {
	Key  string
	Text string
}

func (w Warning) String() string { return w.Key + ": " + w.Text }

// origin says where the value of a key came from.
type origin struct {
	place string
	line  int
	file  bool // relative paths are relative to the file
}

// maxProblems is how many problems are told; a file of a stranger may have any
// number.
const maxProblems = 100

// report collects problems and warnings, and knows where values came from.
type report struct {
	file     string // as messages name it
	dir      string // that relative paths in it are relative to
	version  int64  // that the file has, 0 if it says none
	empty    bool   // whether the file has nothing but comments
	source   finder // of what stands behind a value
	problems []Problem
	more     int // problems beyond maxProblems
	warnings []Warning
	origins  map[string]origin
	unread   map[string]bool   // keys whose value could not be read
	nulls    map[string]string // keys without a value, and why if that is known
}

func newReport(file, dir string) *report {
	return &report{file: file, dir: dir, origins: map[string]origin{}, unread: map[string]bool{}, nulls: map[string]string{}}
}

// problemf adds a problem with the value of a key. What follows from a value
// that could not be read is no news, nor is a second problem with one key.
func (r *report) problemf(key, format string, args ...any) {
	if r.isUnread(key) || slices.ContainsFunc(r.problems, func(p Problem) bool { return p.Key == key }) {
		return
	}
	o, text := r.origin(key), fmt.Sprintf(format, args...)
	if why, null := r.nulls[key]; null {
		if after, missing := strings.CutPrefix(text, "is missing"); missing {
			text = "is empty" + why + after
		}
	}
	r.add(Problem{Place: o.place, Key: key, Text: text, line: o.line})
}

func (r *report) add(p Problem) {
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, p)
	} else {
		r.more++
	}
}

// unreadf adds the problem that the value of a key cannot be read.
func (r *report) unreadf(key, format string, args ...any) {
	r.problemf(key, format, args...)
	r.unread[key] = true
}

// linef adds a problem with a line of the file, or with all of it if line is 0.
func (r *report) linef(line int, key, format string, args ...any) {
	p := Problem{Place: r.file, Key: key, Text: fmt.Sprintf(format, args...), line: line}
	if line > 0 {
		p.Place = place(r.file, line)
	}
	r.add(p)
}

// place names a line; without a name of the file it is "line 7".
func place(file string, line int) string {
	if file == "" {
		return fmt.Sprintf("line %d", line)
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// isUnread says whether the value of a key, or what it is in, is missing only
// because it could not be read.
func (r *report) isUnread(key string) bool {
	for ; key != ""; key = parent(key) {
		if r.unread[key] {
			return true
		}
	}
	return r.unread[""]
}

// anyProblem says whether there is a problem with the key or a part of it.
func (r *report) anyProblem(key string) bool {
	return slices.ContainsFunc(r.problems, func(p Problem) bool {
		rest, found := strings.CutPrefix(p.Key, key)
		return found && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// parent returns the table or list a key is in.
func parent(key string) string { return key[:max(0, strings.LastIndexAny(key, ".["))] }

func (r *report) warnf(key, format string, args ...any) {
	if len(r.warnings) >= maxProblems {
		return
	}
	r.warnings = append(r.warnings, Warning{Key: key, Text: fmt.Sprintf(format, args...)})
}

// origin returns where the key was given, or else the table or list it is in.
func (r *report) origin(key string) origin {
	for ; key != ""; key = parent(key) {
		if o, ok := r.origins[key]; ok {
			return o
		}
	}
	return origin{place: r.file}
}

// given says whether the key has a value of its own.
func (r *report) given(key string) bool {
	_, ok := r.origins[key]
	_, null := r.nulls[key]
	return ok && !null
}

// err returns the problems as an error, or nil.
func (r *report) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	if r.empty { // what is missing then is no news
		r.problems = slices.DeleteFunc(r.problems, func(p Problem) bool { return p.Place == r.file && p.line == 0 })
		r.problems = append(r.problems, Problem{Place: r.file, Text: "holds no settings"})
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Compare(lineOrLast(a), lineOrLast(b))
	})
	if r.more > 0 {
		r.problems = append(r.problems, Problem{Place: r.file, Text: fmt.Sprintf("has %d more problems", r.more)})
	}
	return &Error{Problems: r.problems}
}

func lineOrLast(p Problem) int {
	if p.line == 0 {
		return math.MaxInt
	}
	return p.line
}
