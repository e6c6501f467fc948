package intercom

import (
	"fmt"
	"strings"

	"github.com/intercomd/intercomd/call"
)

// NotFoundError says that a request names something the device does not have.
type NotFoundError struct {
	Kind  string   // "button", "contact", "session"
	Name  string   // as asked for; "" when the request named none and there is none
	Known []string // what there is
}

func (e *NotFoundError) Error() string {
	switch {
	case len(e.Known) > 0:
		return fmt.Sprintf("no %s %q; there is: %s", e.Kind, e.Name, strings.Join(e.Known, ", "))
	case e.Name == "":
		return "there is no " + e.Kind
	}
	return fmt.Sprintf("no %s %q; there is none", e.Kind, e.Name)
}

// ConflictError says that a request does not fit what the device is doing.
type ConflictError struct {
	Verb     string // what was asked for
	Sessions []call.SessionID
	Reason   string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s: %s", e.Verb, e.Reason)
}

// RequestError says that a request makes no sense at any time.
type RequestError struct {
	Field  string // the JSON field
	Value  string
	Reason string
}

func (e *RequestError) Error() string {
	return fmt.Sprintf("%s %q: %s", e.Field, e.Value, e.Reason)
}
