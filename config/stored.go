package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// StoredMark stands in a file for a password that the device keeps elsewhere.
const StoredMark = "(stored)"

var errNotBlank = errors.New("blank passwords: the file cannot be changed safely")

// Blank replaces every password in a file by [StoredMark], in the quotes it
// had. All other bytes stay as they are; what has no value stays without. n is
// how many passwords were replaced. It refuses a file that it does not
// understand, above all one that [Read] refuses; then nothing is replaced.
// Comments are not looked at, nor are keys that this version does not know.
func Blank(data []byte) (blanked []byte, n int, err error) {
	places, err := secretPlaces(data)
	if err != nil {
		return nil, 0, fmt.Errorf("blank passwords: %w", hideSyntax(err))
	}
	b := newEdit(data)
	for _, p := range places {
		if p.node.Value == StoredMark {
			continue
		}
		quote := ""
		if p.node.Style != 0 {
			quote = string(data[p.from : p.from+1])
		}
		b.replace(p, quote+StoredMark+quote, StoredMark)
		n++
	}
	if n == 0 {
		return bytes.Clone(data), 0, nil
	}
	if blanked, err = b.done(); err != nil {
		return nil, 0, err
	}
	return blanked, n, nil
}

// Restore replaces every [StoredMark] in data by the password that the file
// stored holds for the same owner: a contact by user_id, the account by
// user_id, app_id and xmpp.domain, Wi-Fi by ssid, an ICE server by its urls
// (those of data must all be among the stored ones). The error is an [Error]
// that names every password that is not stored. Data that cannot be read is
// returned as it is: [Read] says what is wrong with it, as it does with a
// StoredMark that is left.
func Restore(data, stored []byte) ([]byte, error) {
	places, err := secretPlaces(data)
	if err != nil {
		return data, nil //nolint:nilerr // see above
	}
	kept, err := secretPlaces(stored)
	if err != nil {
		kept = nil
	}
	b, problems := newEdit(data), []Problem{}
	for _, p := range places {
		if p.node.Value != StoredMark {
			continue
		}
		i := slices.IndexFunc(kept, p.sameOwner)
		if i < 0 {
			problems = append(problems, Problem{
				Place: place("", p.node.Line), Key: p.key, line: p.node.Line,
				Text: fmt.Sprintf("is %s, but the device keeps no password of %s; write the password", StoredMark, p.whose()),
			})
			continue
		}
		b.replace(p, strconv.Quote(kept[i].node.Value), kept[i].node.Value)
	}
	if len(problems) > 0 {
		return nil, &Error{Problems: problems}
	}
	return b.done()
}

// sameOwner says whether a stored password belongs to the owner of p.
func (p *secretPlace) sameOwner(stored *secretPlace) bool {
	if stored.node.Value == StoredMark || stored.owner != p.owner || len(p.urls) == 0 && len(stored.urls) > 0 {
		return false
	}
	return !slices.ContainsFunc(p.urls, func(url string) bool { return !slices.Contains(stored.urls, url) })
}

// whose describes the owner of a password.
func (p *secretPlace) whose() string {
	if p.urls != nil {
		return shorten("the server " + strings.Join(p.urls, ", "))
	}
	return shorten("the " + p.owner)
}

// hideSyntax keeps the parser's words out of an error.
func hideSyntax(err error) error {
	var wrong *Error
	if errors.As(err, &wrong) {
		return err
	}
	return errors.New("the file cannot be read")
}

// edit replaces passwords in a file.
type edit struct {
	old    []byte
	new    []byte
	at     int      // what of old is in new
	values []string // of all passwords in the new file, by place
	places []*secretPlace
}

func newEdit(data []byte) *edit { return &edit{old: data} }

// replace puts text, which means value, in the place of a password. Places
// come in the order of the file.
func (e *edit) replace(p *secretPlace, text, value string) {
	e.new = append(append(e.new, e.old[e.at:p.from]...), text...)
	e.at = p.to
	e.places, e.values = append(e.places, p), append(e.values, value)
}

// done returns the new file, after it was read again: everything but the
// passwords must mean the same.
func (e *edit) done() ([]byte, error) {
	e.new = append(e.new, e.old[e.at:]...)
	before, err := parseDocument(e.old)
	if err != nil {
		return nil, errNotBlank
	}
	after, err := parseDocument(e.new)
	if err != nil {
		return nil, errNotBlank
	}
	want := map[[2]int]string{}
	for i, p := range e.places {
		want[[2]int{p.node.Line, p.node.Column}] = e.values[i]
	}
	if !sameNodes(before, after, want) {
		return nil, errNotBlank
	}
	return e.new, nil
}

// sameNodes compares two trees; want has the new values of replaced nodes, by
// their old line and column.
func sameNodes(a, b *yaml.Node, want map[[2]int]string) bool {
	if a == nil || b == nil {
		return a == b
	}
	if value, replaced := want[[2]int{a.Line, a.Column}]; replaced && a.Kind == yaml.ScalarNode {
		return b.Kind == yaml.ScalarNode && b.Tag == "!!str" && b.Value == value
	}
	return a.Kind == b.Kind && a.Tag == b.Tag && a.Value == b.Value &&
		slices.EqualFunc(a.Content, b.Content, func(x, y *yaml.Node) bool { return sameNodes(x, y, want) })
}
