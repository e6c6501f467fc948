package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// readYAML returns the settings in a file and notes problems and places.
func (r *report) readYAML(data []byte) map[string]any {
	root, err := parseDocument(data)
	switch {
	case errors.Is(err, errNotOneDocument):
		r.unread[""] = true
		r.linef(0, "", "holds more than one document")
	case err != nil:
		r.unread[""] = true
		r.linef(0, "", "is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if root == nil {
		return nil
	}
	r.version = versionOf(root)
	settings, _ := r.readNode(root, 1, reflect.TypeFor[raw](), "").(map[string]any)
	return settings
}

// versionOf returns the format that the file says it has, 0 if it says none.
func versionOf(root *yaml.Node) (version int64) {
	each(root, versionKey, func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Tag == "!!int" && n.Decode(&version) != nil {
			version = 0
		}
	})
	return version
}

// readNode returns the value of a node of the wanted type; nil stands for a
// value that is absent or wrong. line is where its key stands.
func (r *report) readNode(node *yaml.Node, line int, t reflect.Type, key string) any {
	if key != "" { // a key that is missing altogether has no line
		r.origins[key] = origin{place: place(r.file, line), line: line, file: true}
	}
	switch {
	case node.Kind == yaml.AliasNode || node.Anchor != "":
		r.unreadf(key, "anchors and aliases are not supported")
		return nil
	case node.Kind == yaml.ScalarNode && node.Tag == "!!null":
		return nil // no value: the default
	case t.Kind() == reflect.Struct:
		return r.readTable(node, t, key)
	case t.Kind() == reflect.Slice:
		return r.readList(node, t, key)
	}
	value, err := readScalar(node, t)
	if err != nil {
		r.unreadf(key, "%v", err)
		return nil
	}
	return value
}

func (r *report) readTable(node *yaml.Node, t reflect.Type, key string) any {
	if node.Kind != yaml.MappingNode {
		r.unreadf(key, "%s is not a table of keys, allowed are %s", describe(node), fieldNames(t))
		return nil
	}
	table := map[string]any{}
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		child := strings.TrimPrefix(key+"."+shorten(name.Value), ".")
		field, known := fieldNamed(t, name)
		switch first, twice := seen[name.Value]; {
		case !known && r.version > Version:
			r.warnings = append(r.warnings, Warning{Key: child, Text: fmt.Sprintf("is unknown to this version of the program and left alone (line %d)", name.Line)})
		case !known:
			r.linef(name.Line, child, "is unknown, allowed are %s", fieldNames(t))
		case twice:
			r.linef(name.Line, child, "is given twice, first in line %d", first)
		default:
			seen[name.Value] = name.Line
			if v := r.readNode(value, name.Line, field.Type, child); v != nil {
				table[name.Value] = v
			}
		}
	}
	return table
}

// readList returns a list of tables or texts. Elements that are wrong keep
// their place, so that the others keep their numbers.
func (r *report) readList(node *yaml.Node, t reflect.Type, key string) any {
	if node.Kind != yaml.SequenceNode {
		want := wantList
		if t.Elem().Kind() == reflect.Struct {
			want = "a list of tables"
		}
		r.unreadf(key, "%s is not %s", describe(node), want)
		return nil
	}
	list := make([]any, len(node.Content))
	for i, item := range node.Content {
		child := fmt.Sprintf("%s[%d]", key, i)
		list[i] = r.readNode(item, item.Line, t.Elem(), child)
		if list[i] != nil {
			continue
		}
		r.unreadf(child, "is empty")
		if list[i] = any(""); t.Elem().Kind() == reflect.Struct {
			list[i] = map[string]any{}
		}
	}
	return list
}

// readScalar is strict about types: YAML's guesses end here.
func readScalar(node *yaml.Node, t reflect.Type) (any, error) {
	want := wants(t)
	bad := fmt.Errorf("%s is not %s", describe(node), want)
	if node.Kind != yaml.ScalarNode {
		return nil, bad
	}
	switch {
	case want == wantVerbatim:
		return node.Value, nil
	case want == wantText && node.Tag == "!!str":
		return node.Value, nil
	case want == wantText:
		return nil, fmt.Errorf("%w, put it in quotes", bad)
	case want == wantWord && node.Tag == "!!str":
		return node.Value, nil
	case want == wantWord && node.Tag == "!!int":
		var n int64
		err := node.Decode(&n)
		return strconv.FormatInt(n, 10), orBad(err, bad)
	case want == wantBool && node.Tag == "!!bool":
		var b bool
		err := node.Decode(&b)
		return b, orBad(err, bad)
	case want == wantInt && node.Tag == "!!int":
		var n int64
		err := node.Decode(&n)
		return n, orBad(err, bad)
	case want == wantDuration && (node.Tag == "!!str" || node.Value == "0"):
		d, err := time.ParseDuration(node.Value)
		return d, orBad(err, bad)
	}
	return nil, bad
}

func orBad(err, bad error) error {
	if err != nil {
		return bad
	}
	return nil
}

// describe shows a value in an error.
func describe(node *yaml.Node) string {
	switch {
	case node.Kind == yaml.MappingNode:
		return "a table"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case node.Tag == "!!str":
		return fmt.Sprintf("%.100q", node.Value)
	}
	return shorten(node.Value)
}

// shorten keeps what a file says from filling the screen.
func shorten(s string) string {
	if len(s) > 100 {
		return fmt.Sprintf("%.100q…", s)
	}
	for _, r := range s {
		if r < ' ' || r == 0xFFFD {
			return fmt.Sprintf("%q", s)
		}
	}
	return s
}

func fieldNamed(t reflect.Type, name *yaml.Node) (reflect.StructField, bool) {
	if name.Kind == yaml.ScalarNode && name.Anchor == "" {
		for field := range t.Fields() {
			if fieldKey(field) == name.Value {
				return field, true
			}
		}
	}
	return reflect.StructField{}, false
}

func fieldNames(t reflect.Type) string {
	var names []string
	for field := range t.Fields() {
		names = append(names, fieldKey(field))
	}
	return strings.Join(names, ", ")
}
