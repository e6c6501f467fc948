package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// What a value of a type looks like, for errors.
const (
	wantText     = "a text"
	wantWord     = "a text or a whole number"
	wantVerbatim = "a text, not a list or a table"
	wantBool     = "true or false"
	wantInt      = "a whole number"
	wantDuration = "a duration such as 30s or 1m30s"
	wantList     = "a list of texts"
)

// wants returns how a value of the type is described.
func wants(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[word]():
		return wantWord
	case t == reflect.TypeFor[time.Duration]():
		return wantDuration
	case t == reflect.TypeFor[verbatim]() || t == reflect.TypeFor[secret]():
		return wantVerbatim
	case t.Kind() == reflect.Bool:
		return wantBool
	case t.Kind() == reflect.Int64:
		return wantInt
	case t.Kind() == reflect.Slice:
		return wantList
	}
	return wantText
}

// parseValue reads a value given as text, by flag or environment variable.
func parseValue(text string, t reflect.Type) (any, error) {
	var v any
	var err error
	switch wants(t) {
	case wantDuration:
		v, err = time.ParseDuration(text)
	case wantBool:
		v, err = parseBool(text)
	case wantInt:
		v, err = strconv.ParseInt(text, 10, 64)
	case wantList:
		v = splitList(text)
	default:
		v = text
	}
	if err != nil {
		return nil, fmt.Errorf("%.100q is not %s", text, wants(t))
	}
	return v, nil
}

func parseBool(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, strconv.ErrSyntax
}

func splitList(text string) []string {
	list := []string{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}
