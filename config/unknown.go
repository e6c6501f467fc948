package config

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// unknownKey reports a key that a table does not have, and says which one may
// have been meant. That one is then not missing as well.
func (r *report) unknownKey(t reflect.Type, table string, name *yaml.Node) {
	if len(r.problems) >= maxProblems {
		r.more++
		return
	}
	text := name.Value
	join := func(table, key string) string { return strings.TrimPrefix(table+"."+key, ".") }
	before, behind := text, ""
	if at := strings.IndexAny(text, ":= \t"); at > 0 {
		before, behind = text[:at], strings.TrimLeft(text[at:], " \t") // the value may be a password
	}
	if behind != "" && slices.Contains(fieldKeys(t), before) {
		r.unread[join(table, before)] = true
		r.linef(name.Line, join(table, before), "%s", gluedText(before, behind))
		return
	}
	child := join(table, shorten(before))
	if problem, found := specialSpace(text); found {
		r.linef(name.Line, table, "%s", problem)
		return
	}
	if after, found := strings.CutPrefix(text, "-"); found && slices.Contains(fieldKeys(t), after) {
		r.linef(name.Line, table, "lacks the space after the dash: - %s", after)
		return
	}
	if like := alike(text, fieldKeys(t)); like != "" {
		r.unread[join(table, like)] = true
		r.linef(name.Line, child, "is unknown, did you mean %s?", like)
		return
	}
	if home := homeOf(text); home != "" && home != table {
		r.unread[join(home, text)] = true
		r.linef(name.Line, child, "is unknown here, it belongs below %s", home)
		return
	}
	r.linef(name.Line, child, "is unknown, allowed are %s", strings.Join(fieldKeys(t), ", "))
}

// gluedText describes a key to which its value sticks.
func gluedText(key, behind string) string {
	if behind[0] == ':' {
		return "lacks the space after the colon of " + key + ":"
	}
	return "is not KEY: VALUE; a colon and a space must stand behind " + key
}

// alike returns the name that a misspelt one stands for, or "".
func alike(text string, names []string) string {
	plain := func(s string) string {
		return strings.ToLower(strings.Map(func(r rune) rune {
			if strings.ContainsRune("_- .", r) {
				return -1
			}
			return r
		}, s))
	}
	meant := plain(text)
	if synonym, ok := synonyms()[meant]; ok {
		meant = plain(synonym)
	}
	best, bestDistance := "", 3
	for _, name := range names {
		limit := 2
		if len(name) < 6 {
			limit = 1
		}
		if d := distance(meant, plain(name), limit); d <= limit && d < bestDistance {
			best, bestDistance = name, d
		}
	}
	return best
}

// synonyms are words that people write for keys.
func synonyms() map[string]string {
	return map[string]string{
		"wlan": "wifi", "wireless": "wifi", "psk": "password", "passphrase": "password", "passwort": "password",
		"pass": "password", "pwd": "password", "key": "password", "essid": "ssid", "land": "country", "tz": "timezone",
		"host": "hostname", "server": "domain", "ip": "address", "router": "gateway", "nameserver": "dns", "id": "user_id",
		"user": "user_id", "userid": "user_id", "url": "urls", "keys": "authorized_keys",
	}
}

// distance counts the letters to change, add, drop or swap to make b of a; what
// is more than limit may be any such number.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

// homeOf returns the only table that has a key of this name, or "".
func homeOf(name string) string {
	home, n := "", 0
	walk(func(path string, _ reflect.Type) {
		at := strings.LastIndexByte(path, '.')
		if path[at+1:] == name && at > 0 {
			home, n = strings.ReplaceAll(path[:at], "[]", ""), n+1
		}
	})
	if n != 1 {
		return ""
	}
	return home
}

// notTable reports a value that should be a table. It may hold a password.
func (r *report) notTable(node *yaml.Node, t reflect.Type, key string) {
	value := describe(node)
	if node.Kind == yaml.ScalarNode {
		at := strings.IndexAny(node.Value, ":= \t")
		switch {
		case at > 0 && slices.Contains(fieldKeys(t), node.Value[:at]):
			r.origins[key] = origin{place: place(r.file, node.Line), line: node.Line, file: true}
			r.unreadf(key, "%s", gluedText(node.Value[:at], strings.TrimLeft(node.Value[at:], " \t")))
			return
		case hasSecret(t):
			value = "a text"
		}
	}
	r.unreadf(key, "%s is not a table of keys, allowed are %s", value, strings.Join(fieldKeys(t), ", "))
}

// notList reports a value that should be a list.
func (r *report) notList(node *yaml.Node, t reflect.Type, key string) {
	value := describe(node)
	switch {
	case t.Elem().Kind() != reflect.Struct && node.Kind == yaml.ScalarNode:
		r.unreadf(key, "%s is not %s, write [%.40q]", value, wantList, node.Value)
	case t.Elem().Kind() != reflect.Struct:
		r.unreadf(key, "%s is not %s", value, wantList)
	case node.Kind == yaml.MappingNode:
		r.unreadf(key, `is not a list: write "- " in front of the first key of each element`)
	case hasSecret(t.Elem()):
		r.unreadf(key, "a text is not a list of tables")
	default:
		r.unreadf(key, "%s is not a list of tables", value)
	}
}

// hasSecret says whether a table has a password below it.
func hasSecret(t reflect.Type) bool {
	for field := range t.Fields() {
		f := field.Type
		if f == reflect.TypeFor[secret]() || f.Kind() == reflect.Struct && hasSecret(f) || isTables(f) && hasSecret(f.Elem()) {
			return true
		}
	}
	return false
}
