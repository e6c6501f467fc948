package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readYAML returns the settings in a file and notes problems and places.
func (r *report) readYAML(data []byte) map[string]any {
	if line, problem := checkText(data); problem != "" {
		r.unread[""] = true
		r.linef(line, "", "%s", problem)
		return nil
	}
	root, err := parseDocument(data)
	switch {
	case errors.Is(err, errNotOneDocument):
		r.unread[""] = true
		r.linef(secondDocument(data), "", "begins a second document; there must be one only, without --- and ... lines")
	case err != nil:
		r.unread[""] = true
		f := lint(data, errorLine(err))
		r.linef(f.line, f.key, "%s", f.text)
	case root == nil:
		r.empty = data != nil
	}
	if root == nil {
		return nil
	}
	r.version = versionOf(root)
	r.source = finder{data: data, lines: lineStarts(data)}
	settings, _ := r.readNode(root, root.Line, reflect.TypeFor[raw](), "").(map[string]any)
	return settings
}

const noAliases = "anchors and aliases (& and *) are not supported; put a text that begins so in quotes"

// errorLine takes the line out of an error of the parser, the first if it names
// none.
func errorLine(err error) int {
	line := 0
	if _, scanErr := fmt.Sscanf(err.Error(), "yaml: line %d:", &line); scanErr != nil || line < 1 {
		return 1
	}
	return line
}

// secondDocument returns the line where a second document begins.
func secondDocument(data []byte) int {
	starts, content := append(lineStarts(data), len(data)), false
	for i, start := range starts[:len(starts)-1] {
		text := strings.TrimSpace(string(data[start:starts[i+1]]))
		switch {
		case content && (strings.HasPrefix(text, "---") || strings.HasPrefix(text, "...")):
			return i + 1
		case text != "" && text[0] != '#' && text[0] != '%' && !strings.HasPrefix(text, "---"):
			content = true
		}
	}
	return 0
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
		r.unreadf(key, "%s", noAliases)
		return nil
	case node.Style&yaml.TaggedStyle != 0:
		r.unreadf(key, "begins with !, which YAML reads otherwise; put the whole text in quotes")
		return nil
	case node.Kind == yaml.ScalarNode && node.Tag == "!!null":
		r.noValue(node, key)
		return nil // no value: the default
	case t.Kind() == reflect.Struct:
		return r.readTable(node, t, key)
	case t.Kind() == reflect.Slice:
		return r.readList(node, t, key)
	}
	value, err := r.readScalar(node, t)
	if err != nil {
		r.unreadf(key, "%v", err)
		return nil
	}
	return value
}

func (r *report) readTable(node *yaml.Node, t reflect.Type, key string) any {
	if node.Kind != yaml.MappingNode {
		r.notTable(node, t, key)
		return nil
	}
	table := map[string]any{}
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		child := strings.TrimPrefix(key+"."+shorten(name.Value), ".")
		field, known := fieldNamed(t, name)
		switch first, twice := seen[name.Value]; {
		case !known && (hasAlias(name) || hasAlias(value)):
			r.linef(name.Line, child, "%s", noAliases)
		case !known && r.version > Version:
			r.warnf(child, "is unknown to this version of the program and left alone (line %d)", name.Line)
		case !known:
			r.unknownKey(t, key, name)
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

// maxElements bounds lists: more is no door but an attack.
const maxElements = 1000

// readList returns a list of tables or texts. Elements that are wrong keep
// their place, so that the others keep their numbers.
func (r *report) readList(node *yaml.Node, t reflect.Type, key string) any {
	if node.Kind != yaml.SequenceNode {
		r.notList(node, t, key)
		return nil
	}
	if len(node.Content) > maxElements {
		r.unreadf(key, "has %d elements, at most %d allowed", len(node.Content), maxElements)
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
