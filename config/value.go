package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// placeholder stands in a template for what has to be filled in.
const placeholder = "CHANGE-ME"

// readScalar is strict about types: YAML's guesses end here. Errors do not show
// what may be a password.
func (r *report) readScalar(node *yaml.Node, t reflect.Type) (any, error) {
	want := wants(t)
	if node.Kind != yaml.ScalarNode {
		return nil, fmt.Errorf("%s is not %s", describe(node), want)
	}
	if strings.Contains(strings.ToUpper(node.Value), placeholder) {
		return nil, errors.New("still is " + placeholder + "; write the real value")
	}
	if err := r.plainScalar(node, want); err != nil {
		return nil, err
	}
	if _, _, ok := r.source.extent(node); !ok && t == reflect.TypeFor[secret]() {
		return nil, errors.New("must stand in one line, in quotes if need be") // or Blank could not replace it
	}
	switch want {
	case wantVerbatim:
		return node.Value, nil
	case wantText:
		return textValue(node)
	case wantWord:
		return wordValue(node)
	case wantBool:
		return boolValue(node)
	case wantInt:
		return intValue(node)
	}
	return durationValue(node)
}

// plainScalar checks what stands without quotes.
func (r *report) plainScalar(node *yaml.Node, want string) error {
	if node.Style != 0 {
		return nil
	}
	if problem, found := typographic(node.Value); found {
		return errors.New(problem)
	}
	ends := strings.Trim(node.Value, specialSpaces) != node.Value
	if problem, found := specialSpace(node.Value); found && (ends || want != wantText) {
		return errors.New(problem)
	}
	if want == wantVerbatim && r.behind(node) {
		return errors.New("ends where # begins a comment; put a text with # in quotes, or a space behind #")
	}
	return nil
}

// behind says whether a comment follows a value that may belong to it: one
// without a space behind its #.
func (r *report) behind(node *yaml.Node) bool {
	_, end, ok := r.source.extent(node)
	if !ok {
		return false
	}
	rest := bytes.TrimLeft(r.source.data[end:], " \t")
	return isGluedComment(rest)
}

func isGluedComment(rest []byte) bool {
	return len(rest) > 1 && rest[0] == '#' && rest[1] != ' ' && rest[1] != '\t' && lineBreak(rest[1:]) == 0
}

// noValue notes a key without a value, and whether what should be one became a
// comment.
func (r *report) noValue(node *yaml.Node, key string) {
	r.nulls[key] = ""
	start := 0
	if line := r.origins[key].line; line > 0 && line <= len(r.source.lines) {
		start = r.source.lines[line-1]
	}
	rest := r.source.data[start:]
	name := key[strings.LastIndexByte(key, '.')+1:] + ":"
	at := bytes.Index(rest, []byte(name))
	if at < 0 || node.Value != "" {
		return
	}
	if rest = bytes.TrimLeft(rest[at+len(name):], " \t"); isGluedComment(rest) && isText(key) {
		r.unreadf(key, "is empty: # begins a comment; put a text with # in quotes")
	} else if len(rest) > 0 && rest[0] == '#' {
		r.nulls[key] = " (what stands behind # is a comment)"
	}
}

// isText says whether a key takes a text of any kind.
func isText(key string) bool {
	path := regexp.MustCompile(`\[\d+\]`).ReplaceAllString(key, "[]")
	text := false
	walk(func(p string, t reflect.Type) { text = text || p == path && t.Kind() == reflect.String })
	return text
}

func textValue(node *yaml.Node) (any, error) {
	if node.Tag != "!!str" {
		return nil, fmt.Errorf("%s is not %s, put it in quotes", describe(node), wantText)
	}
	return node.Value, nil
}

func wordValue(node *yaml.Node) (any, error) {
	switch node.Tag {
	case "!!str":
		return node.Value, nil
	case "!!int":
		n, err := intValue(node)
		if err != nil {
			return nil, err
		}
		return fmt.Sprint(n), nil
	}
	return nil, fmt.Errorf("%s is not %s", describe(node), wantWord)
}

func boolValue(node *yaml.Node) (any, error) {
	var b bool
	if node.Tag == "!!bool" && node.Decode(&b) == nil {
		return b, nil
	}
	word := strings.ToLower(node.Value)
	switch {
	case slices.Contains([]string{"yes", "y", "on", "ja", "oui", "si", "1"}, word):
		return nil, fmt.Errorf("%s is not %s, write true", describe(node), wantBool)
	case slices.Contains([]string{"no", "n", "off", "nein", "non", "0"}, word):
		return nil, fmt.Errorf("%s is not %s, write false", describe(node), wantBool)
	case word == "true" || word == "false":
		return nil, fmt.Errorf("%s is not %s, write it without quotes", describe(node), wantBool)
	}
	return nil, fmt.Errorf("%s is not %s", describe(node), wantBool)
}

// digits is a number as people write it, maybe too big.
var digits = regexp.MustCompile(`^[+-]?\d+$`)

func intValue(node *yaml.Node) (any, error) {
	var n int64
	bare := strings.TrimLeft(node.Value, "+-")
	switch {
	case node.Tag == "!!int" && digits.MatchString(node.Value) && len(bare) > 1 && bare[0] == '0':
		return nil, fmt.Errorf("%s begins with 0; write %s", shorten(node.Value), orZero(strings.TrimLeft(bare, "0")))
	case node.Tag == "!!int" && node.Decode(&n) == nil:
		return n, nil
	case digits.MatchString(node.Value) && node.Tag == "!!str" && node.Style != 0:
		return nil, fmt.Errorf("%s is not %s, write it without quotes", describe(node), wantInt)
	case digits.MatchString(node.Value):
		return nil, fmt.Errorf("%s is too big for a number", shorten(node.Value))
	case strings.Contains(node.Value, "@"):
		return nil, fmt.Errorf("%s is not %s; the id of a user is a number, not an e-mail address", describe(node), wantInt)
	}
	return nil, fmt.Errorf("%s is not %s", describe(node), wantInt)
}

func orZero(digits string) string {
	if digits == "" {
		return "0"
	}
	return digits
}

func durationValue(node *yaml.Node) (any, error) {
	d, err := time.ParseDuration(node.Value)
	if err == nil && (node.Tag == "!!str" || node.Value == "0") {
		return d, nil
	}
	if n, errInt := strconv.Atoi(node.Value); errInt == nil && n > 0 {
		return nil, fmt.Errorf("%d is not %s, write its unit too", n, wantDuration)
	}
	return nil, fmt.Errorf("%s is not %s", describe(node), wantDuration)
}
