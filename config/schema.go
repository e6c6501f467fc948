package config

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// schemaDuration is what time.ParseDuration reads.
const schemaDuration = `^[-+]?(0|(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`

// object is a part of a JSON Schema; encoding/json sorts its keys.
type object = map[string]any

// Schema returns the JSON Schema (draft 2020-12) of the file, for editors. It
// describes the format [Version]: what it refuses, [Read] refuses as well,
// except unknown keys in a file of a later version; the other way round is not
// so, since a schema cannot look whether a file exists or a name is a contact.
func Schema() []byte {
	root := schemaTable(reflect.TypeFor[raw](), "")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "intercom.yaml"
	root["description"] = "Configuration of intercomd, format 1"
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil { // maps of strings, numbers and lists
		return nil
	}
	return append(text, '\n')
}

// schemaTable describes a table; prefix is its path with a dot.
func schemaTable(t reflect.Type, prefix string) object {
	properties := object{}
	for field := range t.Fields() {
		properties[fieldKey(field)] = schemaKey(field.Type, prefix+fieldKey(field))
	}
	return object{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
}

func schemaKey(t reflect.Type, path string) object {
	d := docOf(path)
	var s object
	switch {
	case t.Kind() == reflect.Struct:
		s = schemaTable(t, path+".")
	case isTables(t):
		item := schemaTable(t.Elem(), path+"[].")
		item["type"] = "object"
		item["required"] = requiredKeys(path)
		s = object{"type": []string{"array", "null"}, "items": item}
	case t.Kind() == reflect.Slice:
		item := object{"type": "string"}
		if d.words != nil {
			item = object{"enum": d.words}
		}
		s = object{"type": []string{"array", "null"}, "items": item}
	default:
		s = schemaValue(t, d)
	}
	s["description"] = description(d)
	if text := defaultText(path); text != "" {
		s["default"] = defaultValue(t, path, text)
	}
	if t == reflect.TypeFor[secret]() {
		s["writeOnly"] = true
	}
	return s
}

// schemaValue describes a single value; null stands for the default.
func schemaValue(t reflect.Type, d doc) object {
	if d.words != nil {
		return object{"enum": enumValues(t, d.words)}
	}
	switch wants(t) {
	case wantBool:
		return object{"type": []string{"boolean", "null"}}
	case wantInt:
		s := object{"type": []string{"integer", "null"}}
		if d.high > 0 {
			s["minimum"], s["maximum"] = d.low, d.high
		}
		return s
	case wantWord:
		return object{"type": []string{"string", "integer", "null"}}
	case wantVerbatim:
		return object{"type": []string{"string", "number", "boolean", "null"}}
	case wantDuration: // and 0 without a unit
		return object{"type": []string{"string", "integer", "null"}, "pattern": schemaDuration, "minimum": 0, "maximum": 0}
	}
	return object{"type": []string{"string", "null"}}
}

// enumValues lists words in every way that they may be written.
func enumValues(t reflect.Type, words []string) []any {
	list := []any{nil}
	for _, word := range words {
		n, err := strconv.Atoi(word)
		if err == nil && wants(t) != wantText {
			list = append(list, n)
		}
		if err != nil || wants(t) != wantInt {
			list = append(list, word)
		}
	}
	return list
}

// requiredKeys returns the keys that each table of a list must have.
func requiredKeys(path string) []string {
	switch {
	case path == "contacts":
		return []string{"name", "user_id"}
	case strings.HasSuffix(path, "ice_servers"):
		return []string{"urls"}
	case slices.Contains([]string{"lamps", "relays"}, path):
		return []string{"name", "line"}
	}
	return []string{"name"}
}

func description(d doc) string {
	text := strings.ToUpper(d.text[:min(1, len(d.text))]) + d.text[min(1, len(d.text)):]
	if allowed := d.allowedText(); allowed != "" {
		text += ". Allowed: " + allowed
	}
	return text + "."
}

// defaultValue returns a default with its type in JSON.
func defaultValue(t reflect.Type, path, text string) any {
	switch v := defaults()[path].(type) {
	case bool, int64:
		return v
	}
	switch n, err := strconv.Atoi(text); {
	case wants(t) == wantBool:
		return text == "true"
	case wants(t) == wantInt && err == nil:
		return n
	}
	return text
}
