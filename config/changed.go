package config

import (
	"reflect"
	"slices"
	"strings"
)

// Changed returns the top-level keys whose settings differ between a and b, in
// the order of the file, for example "contacts" and "camera". A certificate
// that is another one under the same name counts; the files behind
// camera.source and audio.capture, and the key version, do not.
func Changed(a, b *Config) []string {
	var changed []string
	va, vb := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for _, key := range fieldKeys(reflect.TypeFor[raw]()) {
		if key == versionKey {
			continue
		}
		same := func(name string) bool { return strings.EqualFold(name, strings.ReplaceAll(key, "_", "")) }
		if !reflect.DeepEqual(va.FieldByNameFunc(same).Interface(), vb.FieldByNameFunc(same).Interface()) || !sameFiles(key, a, b) {
			changed = append(changed, key)
		}
	}
	return changed
}

// sameFiles compares the certificates that the keys of a table name.
func sameFiles(table string, a, b *Config) bool {
	of := func(c *Config) []string {
		var list []string
		for key, sum := range c.digests {
			if strings.HasPrefix(key, table+".") {
				list = append(list, key+string(sum[:]))
			}
		}
		slices.Sort(list)
		return list
	}
	return slices.Equal(of(a), of(b))
}

func fieldKeys(t reflect.Type) []string {
	var keys []string
	for field := range t.Fields() {
		keys = append(keys, fieldKey(field))
	}
	return keys
}
