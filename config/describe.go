package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Key describes a key of the file for people.
type Key struct {
	Path    string // e.g. "camera.fps", or "contacts[].user_id" in a list of tables
	Type    string // "text", "whole number", "true or false", "duration", "list of texts", "table", …
	Default string // as it is written in the file; "" if there is none, or nothing is the default
	Allowed string // the values that are allowed, e.g. "1 to 60"; "" if the type says it all
	Text    string // what it is for: a sentence without its full stop
	Secret  bool   // whether it holds a password
}

// Describe returns every key and table of the file, in the file's order, each
// table before its keys. Manual page, schema and documentation come from it.
func Describe() []Key {
	var keys []Key
	walk(func(path string, t reflect.Type) {
		d := docOf(path)
		keys = append(keys, Key{
			Path: path, Type: typeName(t), Default: defaultText(path), Allowed: d.allowedText(), Text: d.text,
			Secret: t == reflect.TypeFor[secret](),
		})
	})
	return keys
}

// walk visits tables and keys in the order of raw.
func walk(visit func(path string, t reflect.Type)) {
	var table func(t reflect.Type, prefix string)
	table = func(t reflect.Type, prefix string) {
		for field := range t.Fields() {
			path := prefix + fieldKey(field)
			visit(path, field.Type)
			switch {
			case field.Type.Kind() == reflect.Struct:
				table(field.Type, path+".")
			case isTables(field.Type):
				table(field.Type.Elem(), path+"[].")
			}
		}
	}
	table(reflect.TypeFor[raw](), "")
}

func isTables(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct
}

// typeName is the type of a key for people.
func typeName(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Struct:
		return "table"
	case isTables(t):
		return "list of tables"
	}
	switch want := wants(t); want {
	case wantDuration:
		return "duration"
	case wantVerbatim:
		return "text"
	default:
		return strings.TrimPrefix(want, "a ")
	}
}

// docOf returns the description of a key; a key without one is a mistake that
// TestDescribe finds.
func docOf(path string) doc {
	for _, d := range docs() {
		if d.path == path {
			return d
		}
	}
	return doc{path: path}
}

// doc is what a type cannot tell about a key.
type doc struct {
	path      string
	text      string
	allowed   string   // in words; made from the others if it is empty
	words     []string // the only texts allowed, or the only elements of a list
	low, high int64    // the range of a number, if high is not 0
	preset    string   // the default of a key in a list of tables
}

func (d doc) allowedText() string {
	switch {
	case d.allowed != "":
		return d.allowed
	case d.words != nil:
		return strings.Join(d.words, ", ")
	case d.high > 0:
		return fmt.Sprintf("%d to %d", d.low, d.high)
	}
	return ""
}

// defaultText writes a default as the file would.
func defaultText(path string) string {
	switch v := defaults()[path].(type) {
	case nil:
		return docOf(path).preset
	case time.Duration:
		return durationText(v)
	case bool:
		return strconv.FormatBool(v)
	default:
		return fmt.Sprint(v)
	}
}

// durationText is a duration without its zeros: 1m, not 1m0s.
func durationText(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// words turns the values of a type of texts into texts.
func words[T ~string](values ...T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}
