package plan

import (
	"errors"
	"strings"
)

// Transport is how a camera is attached.
type Transport int

// The transports. Any is also that of cameras attached in no known way.
const (
	Any Transport = iota
	USB
	CSI
)

// Source says which camera is wanted.
type Source struct {
	Transport Transport
	Name      string // part of the name or bus, "" for any
	Path      string // /dev/…, "" to choose by the others
}

const maxName = 64 // bytes: twice what a driver can name itself

// ParseSource reads "auto", "usb", "csi", "usb:NAME", "csi:NAME" or an absolute
// path below /dev.
func ParseSource(s string) (Source, error) {
	if strings.HasPrefix(s, "/dev/") {
		return Source{Path: s}, nil
	}
	kind, name, named := strings.Cut(s, ":")
	if named && (name == "" || len(name) > maxName) {
		return Source{}, errors.New("the name after the colon must have 1 to 64 characters")
	}
	switch {
	case kind == "usb":
		return Source{Transport: USB, Name: name}, nil
	case kind == "csi":
		return Source{Transport: CSI, Name: name}, nil
	case s == "auto":
		return Source{}, nil
	}
	return Source{}, errors.New(`unknown source, want "auto", "usb", "csi", "usb:NAME", "csi:NAME" or "/dev/…"`)
}

// String is what [ParseSource] reads.
func (s Source) String() string {
	if s.Path != "" {
		return s.Path
	}
	kind := [...]string{"auto", "usb", "csi"}[s.Transport]
	if s.Name != "" {
		kind += ":" + s.Name
	}
	return kind
}

// matches tells whether a camera or sensor is one that is wanted.
func (s Source) matches(n Node) bool {
	if s.Path != "" {
		return n.Path == s.Path || n.Link == s.Path
	}
	if s.Transport != Any && n.transport() != s.Transport {
		return false
	}
	name := strings.ToLower(s.Name)
	return strings.Contains(strings.ToLower(n.Name), name) || strings.Contains(strings.ToLower(n.Bus), name) ||
		strings.Contains(strings.ToLower(n.Link), name)
}
