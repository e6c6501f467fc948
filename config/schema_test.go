package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func sprint(v any) string { return fmt.Sprint(v) }

// TestSchemaIsCurrent compares the committed schema with the program's.
func TestSchemaIsCurrent(t *testing.T) {
	committed, err := os.ReadFile("../packaging/intercom.schema.json")
	require.NoError(t, err)
	if string(committed) != string(Schema()) {
		t.Error("packaging/intercom.schema.json is old: go run ./cmd/intercomd schema > packaging/intercom.schema.json")
	}
}

// TestSchemaAccepts checks that the schema refuses nothing that the program
// accepts.
func TestSchemaAccepts(t *testing.T) {
	samples, err := filepath.Glob("../packaging/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, samples)
	files := map[string]string{"minimal": minimal, "secrets": allSecrets, "image": imageFile, "everything": everything}
	for _, name := range samples {
		if filepath.Base(name) == "intercom.yaml" {
			continue // it has to be filled in first
		}
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		files[name] = string(text)
	}
	for name, text := range files {
		assert.Empty(t, validate(schemaOf(t), decode(t, text), ""), name)
	}
}

// TestSchemaRefuses checks that an editor underlines what it can.
func TestSchemaRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"sip: {}":                                  "sip: unknown",
		"camera: {framerate: 30}":                  "camera.framerate: unknown",
		"camera: {fps: 61}":                        "camera.fps: range",
		"camera: {fps: x}":                         "camera.fps: type",
		"camera: {rotation: 45}":                   "camera.rotation: enum",
		"xmpp: {tls: ssl}":                         "xmpp.tls: enum",
		"webrtc: {answer_time_interval: 60}":       "webrtc.answer_time_interval: range",
		"webrtc: {answer_time_interval: 60 s}":     "webrtc.answer_time_interval: pattern",
		"contacts: {name: Anna}":                   "contacts: type",
		"contacts: [{name: Anna}]":                 "contacts[0]: user_id is missing",
		"lamps: [{name: a, line: 1, shows: [no]}]": "lamps[0].shows[0]: enum",
		"[a]":                ": type",
		"network: {ssid: x}": "network.ssid: unknown",
	} {
		assert.Equal(t, []string{want}, validate(schemaOf(t), decode(t, text), ""), text)
	}
}

// everything has every kind of value once more, in unusual spellings.
const everything = `
version: 7
xmpp: {domain: chat.example.org}
quickblox: {app_id: 0x7, user_id: 104, password: 1234}
contacts: [{name: Anna, user_id: 101}]
buttons: [{name: b, source: gpio, line: GPIO17, contacts: [Anna], debounce: 0.02s}]
lamps: [{name: l, line: 3, shows: [idle]}]
webrtc: {stats_report_time_interval: 0, dialing_time_interval: +1.5s}
camera: {rotation: 90, power_line_frequency: "50", source: null}
audio: {period: 0.01s}
network:
`

// imageFile has every key of the image.
const imageFile = `
version: 1
xmpp: {domain: chat.example.org}
quickblox: {app_id: 7, user_id: 104, password: geheim-1}
network:
  hostname: front-door
  wifi: {ssid: 0815, password: 0123456789, country: DE, hidden: true}
  address: 192.168.1.20/24
  gateway: 192.168.1.1
  dns: [192.168.1.1, "2001:db8::1"]
system:
  timezone: Europe/Berlin
  locale: de_DE.UTF-8
  ntp: [ptbtime1.ptb.de, 192.168.1.1]
  ssh:
    enabled: true
    authorized_keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@laptop"]
update:
  manifest: https://updates.example.org/intercom.json
  channel: beta
  check_interval: 5m
  window: 22:30-5:00
  keyring: keyring.pem
`

func decode(t *testing.T, text string) any {
	t.Helper()
	var value any
	require.NoError(t, yaml.Unmarshal([]byte(text), &value))
	return value
}

func schemaOf(t *testing.T) map[string]any {
	t.Helper()
	var schema map[string]any
	require.NoError(t, json.Unmarshal(Schema(), &schema))
	return schema
}

// validate does what the keywords of our schema say (JSON Schema Validation
// 2020-12) and reports any other keyword. A place is reported once.
func validate(schema map[string]any, value any, path string) (wrong []string) {
	for keyword := range schema {
		if !slices.Contains([]string{
			"$schema", "title", "description", "default", "writeOnly",
			"type", "enum", "minimum", "maximum", "pattern", "properties", "additionalProperties", "items", "required",
		}, keyword) {
			wrong = append(wrong, path+": keyword "+keyword)
		}
	}
	if name := failing(schema, value); name != "" {
		return append(wrong, path+": "+name)
	}
	switch v := value.(type) {
	case map[string]any:
		return append(wrong, validateTable(schema, v, path)...)
	case []any:
		for i, item := range v {
			wrong = append(wrong, validate(schema["items"].(map[string]any), item, fmt.Sprintf("%s[%d]", path, i))...)
		}
	}
	return wrong
}

func validateTable(schema map[string]any, table map[string]any, path string) (wrong []string) {
	properties := schema["properties"].(map[string]any)
	for key, value := range table {
		child := key
		if path != "" {
			child = path + "." + key
		}
		if sub, ok := properties[key].(map[string]any); ok {
			wrong = append(wrong, validate(sub, value, child)...)
		} else if schema["additionalProperties"] == false {
			wrong = append(wrong, child+": unknown")
		}
	}
	required, _ := schema["required"].([]any)
	for _, key := range required {
		if _, ok := table[key.(string)]; !ok {
			wrong = append(wrong, fmt.Sprintf("%s: %s is missing", path, key))
		}
	}
	return wrong
}

// failing names the keyword that refuses a value itself.
func failing(schema map[string]any, value any) string {
	if types, ok := schema["type"]; ok && !hasType(types, value) {
		return "type"
	}
	if list, ok := schema["enum"].([]any); ok && !slices.ContainsFunc(list, func(v any) bool { return reflect.DeepEqual(plain(v), plain(value)) }) {
		return "enum"
	}
	if n, ok := plain(value).(float64); ok {
		low, hasLow := schema["minimum"].(float64)
		high, hasHigh := schema["maximum"].(float64)
		if hasLow && n < low || hasHigh && n > high {
			return "range"
		}
	}
	if pattern, ok := schema["pattern"].(string); ok {
		if s, isText := value.(string); isText && !regexp.MustCompile(pattern).MatchString(s) {
			return "pattern"
		}
	}
	return ""
}

// plain gives numbers one type.
func plain(v any) any {
	if n, ok := v.(int); ok {
		return float64(n)
	}
	return v
}

func hasType(types, value any) bool {
	name := map[reflect.Kind]string{
		reflect.Invalid: "null", reflect.Map: "object", reflect.Slice: "array", reflect.String: "string",
		reflect.Bool: "boolean", reflect.Int: "integer", reflect.Float64: "number",
	}[reflect.ValueOf(value).Kind()]
	list, ok := types.([]any)
	if !ok {
		list = []any{types}
	}
	return slices.Contains(list, any(name)) || name == "integer" && slices.Contains(list, any("number"))
}
