package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// secretPlace is where a password stands in a file.
type secretPlace struct {
	key      string
	owner    string     // whose password it is, see [Restore]
	urls     []string   // the owner, of an ICE server
	node     *yaml.Node // its value
	from, to int        // bytes of the file, quotes included
}

func (p *secretPlace) problem(format string, args ...any) error {
	return &Error{Problems: []Problem{{Place: place("", p.node.Line), Key: p.key, Text: fmt.Sprintf(format, args...), line: p.node.Line}}}
}

var errNotOneDocument = errors.New("is not one document")

// parseDocument returns the root of the one document in data, nil if it is
// empty.
func parseDocument(data []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil // nothing but comments
	} else if err != nil {
		return nil, err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errNotOneDocument
	}
	return document.Content[0], nil
}

// secretPlaces finds the passwords of a file by their keys, in the order of
// the file. Those without a value are left out.
func secretPlaces(data []byte) ([]*secretPlace, error) {
	root, err := parseDocument(data)
	if err != nil {
		return nil, err
	}
	if hasAlias(root) {
		return nil, &Error{Problems: []Problem{{Text: "anchors and aliases are not supported"}}}
	}
	f := finder{data: data, lines: lineStarts(data)}
	account := accountOf(root)
	each(root, "quickblox", func(t *yaml.Node) { f.add("quickblox", account, nil, t) })
	eachItem(root, "contacts", func(i int, t *yaml.Node) {
		f.add(fmt.Sprintf("contacts[%d]", i), "contact "+number(t, "user_id"), nil, t)
	})
	each(root, "webrtc", func(t *yaml.Node) {
		eachItem(t, "ice_servers", func(i int, t *yaml.Node) {
			f.add(fmt.Sprintf("webrtc.ice_servers[%d]", i), "ICE server", texts(t, "urls"), t)
		})
	})
	each(root, "network", func(t *yaml.Node) {
		each(t, "wifi", func(t *yaml.Node) { f.add("network.wifi", "Wi-Fi "+text(t, "ssid"), nil, t) })
	})
	slices.SortFunc(f.places, func(a, b *secretPlace) int { return cmp.Compare(a.from, b.from) })
	return f.places, f.err
}

// accountOf names the account of the device with its server.
func accountOf(root *yaml.Node) string {
	domain, app, user := "", "", ""
	each(root, "xmpp", func(t *yaml.Node) { domain = text(t, "domain") })
	each(root, "quickblox", func(t *yaml.Node) { app, user = number(t, "app_id"), number(t, "user_id") })
	return "account " + user + "-" + app + "@" + domain
}

// finder collects the places of passwords.
type finder struct {
	data   []byte
	lines  []int // where each line begins
	places []*secretPlace
	err    error // the first
}

// add adds the passwords in a table.
func (f *finder) add(key, owner string, urls []string, table *yaml.Node) {
	each(table, "password", func(value *yaml.Node) {
		p := &secretPlace{key: key + ".password", owner: owner, urls: urls, node: value}
		switch {
		case f.err != nil || value.Kind == yaml.ScalarNode && (value.Tag == "!!null" || value.Value == ""):
			return
		case value.Kind != yaml.ScalarNode:
			f.err = p.problem("%s is not a text", describe(value))
			return
		}
		var ok bool
		if p.from, p.to, ok = f.extent(value); !ok {
			f.err = p.problem("must stand in one line, in quotes if need be")
			return
		}
		f.places = append(f.places, p)
	})
}

// extent finds the bytes of a scalar in one line; the parser tells the first.
func (f *finder) extent(n *yaml.Node) (from, to int, ok bool) {
	if n.Line < 1 || n.Line > len(f.lines) || n.Style&yaml.TaggedStyle != 0 {
		return 0, 0, false
	}
	from = f.lines[n.Line-1]
	for range n.Column - 1 {
		if from >= len(f.data) {
			return 0, 0, false
		}
		_, size := utf8.DecodeRune(f.data[from:])
		from += size
	}
	rest := f.data[from:]
	switch {
	case n.Style == yaml.DoubleQuotedStyle:
		to = closing(rest, '"', '\\')
	case n.Style == yaml.SingleQuotedStyle:
		to = closing(rest, '\'', '\'')
	case n.Style == 0 && bytes.HasPrefix(rest, []byte(n.Value)):
		to = len(n.Value)
	}
	return from, from + to, to > 0
}

// closing returns the length of a text in quotes at the beginning of data, 0
// if it does not end in this line. The character escape protects the next one.
func closing(data []byte, quote, escape byte) int {
	if len(data) == 0 || data[0] != quote {
		return 0
	}
	for i := 1; i < len(data); i++ {
		switch {
		case lineBreak(data[i:]) > 0:
			return 0
		case data[i] == escape && i+1 < len(data) && (escape != quote || data[i+1] == quote):
			if i++; lineBreak(data[i:]) > 0 {
				return 0
			}
		case data[i] == quote:
			return i + 1
		}
	}
	return 0
}

// lineStarts returns where lines begin, as YAML 1.1 counts them.
func lineStarts(data []byte) []int {
	start := len(byteOrderMark(data))
	starts := []int{start}
	for i := start; i < len(data); {
		n := lineBreak(data[i:])
		if n > 0 {
			starts = append(starts, i+n)
		}
		i += max(n, 1)
	}
	return starts
}

// lineBreak returns the length of the line break at the beginning of data.
func lineBreak(data []byte) int {
	for _, end := range []string{"\r\n", "\n", "\r", "\u0085", "\u2028", "\u2029"} {
		if bytes.HasPrefix(data, []byte(end)) {
			return len(end)
		}
	}
	return 0
}

func byteOrderMark(data []byte) string {
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		return "\ufeff"
	}
	return ""
}

// hasAlias says whether a node or one below has an anchor or an alias.
func hasAlias(n *yaml.Node) bool {
	if n == nil {
		return false
	}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return true
	}
	for _, child := range n.Content {
		if hasAlias(child) {
			return true
		}
	}
	return false
}

// each does something with every value of a key in a table.
func each(table *yaml.Node, key string, do func(*yaml.Node)) {
	if table == nil || table.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(table.Content); i += 2 {
		if name := table.Content[i]; name.Kind == yaml.ScalarNode && name.Value == key {
			do(table.Content[i+1])
		}
	}
}

func eachItem(table *yaml.Node, key string, do func(int, *yaml.Node)) {
	each(table, key, func(list *yaml.Node) {
		if list.Kind != yaml.SequenceNode {
			return
		}
		for i, item := range list.Content {
			do(i, item)
		}
	})
}

// text returns the value of a key in a table.
func text(table *yaml.Node, key string) (s string) {
	each(table, key, func(n *yaml.Node) { s = n.Value })
	return s
}

// number is text for whole numbers, however they are written.
func number(table *yaml.Node, key string) (s string) {
	each(table, key, func(n *yaml.Node) {
		var i int64
		if s = strings.TrimSpace(n.Value); n.Kind == yaml.ScalarNode && n.Decode(&i) == nil {
			s = fmt.Sprint(i)
		}
	})
	return s
}

func texts(table *yaml.Node, key string) (list []string) {
	eachItem(table, key, func(_ int, n *yaml.Node) { list = append(list, n.Value) })
	return list
}
