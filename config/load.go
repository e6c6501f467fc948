package config

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/viper"
)

const (
	environmentPrefix = "INTERCOMD_"
	environmentConfig = environmentPrefix + "CONFIG" // path of the file; not a key
	maxFile           = 1 << 20                      // bytes
)

// Load reads the configuration: the file at path ("" is no file), then environ
// (as os.Environ gives it), then overrides (by key, see [Keys]), the later
// winning. The error is an [Error] that lists all problems. Warnings do not
// hinder the start.
func Load(path string, environ []string, overrides map[string]string) (*Config, []Warning, error) {
	if path == "" {
		return read(newReport("", ""), nil, environ, overrides)
	}
	r := newReport(path, filepath.Dir(path))
	data, err := readBounded(path, maxFile)
	if err != nil {
		r.unread[""] = true
		r.add(Problem{Text: fmt.Sprintf("read configuration: %v", err)})
	}
	cfg, warnings, err := read(r, data, environ, overrides)
	if public := r.publicFile(path); public != nil {
		warnings = append(warnings, *public)
	}
	return cfg, warnings, err
}

// Read is [Load] for a file whose content is at hand. name is how messages call
// it, dir the folder that its relative paths start from; the files they name
// are read. Data of more than 1 MiB is refused.
func Read(name string, data []byte, dir string, environ []string, overrides map[string]string) (*Config, []Warning, error) {
	r := newReport(name, dir)
	if len(data) > maxFile {
		r.unread[""] = true
		r.linef(0, "", "has %d bytes, at most %d allowed", len(data), maxFile)
		data = nil
	}
	return read(r, data, environ, overrides)
}

func read(r *report, data []byte, environ []string, overrides map[string]string) (*Config, []Warning, error) {
	settings := r.merge(r.readYAML(data), environ, overrides)
	written, err := settings.unmarshal()
	if err != nil {
		r.problemf("", "%v", err)
	}
	cfg := newChecker(r, written, lookup(environ, "CREDENTIALS_DIRECTORY")).config()
	if err := r.err(); err != nil {
		return nil, r.warnings, err
	}
	return cfg, r.warnings, nil
}

// Default returns what [Load] would give for keys without a value. It is no
// complete configuration: whom the device is and whom it calls has no default.
func Default() *Config {
	r := newReport("", "")
	written, err := newLayers().unmarshal()
	if err != nil {
		r.problemf("", "%v", err)
	}
	return newChecker(r, written, "").config()
}

// publicFile warns of a file that holds passwords and that everybody may read.
func (r *report) publicFile(path string) *Warning {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o007 == 0 {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(r.origins)) {
		if r.origins[key].file && isSecretKey(key) {
			return &Warning{Key: key, Text: fmt.Sprintf("stands in a file that every user can read or change (mode %04o), better is 0600 or 0640", info.Mode().Perm())}
		}
	}
	return nil
}

// layers holds the settings in order of precedence.
type layers struct{ *viper.Viper }

func newLayers() layers {
	v := viper.New()
	for key, value := range defaults() {
		v.SetDefault(key, value)
	}
	return layers{v}
}

func (l layers) unmarshal() (raw, error) {
	if l.GetBool("lan.enabled") {
		for key, value := range lanDefaults() {
			l.SetDefault(key, value)
		}
	}
	var written raw
	if err := l.UnmarshalExact(&written); err != nil {
		return raw{}, fmt.Errorf("merge settings: %w", err)
	}
	return written, nil
}

// merge lays environment and overrides over the settings of the file.
func (r *report) merge(file map[string]any, environ []string, overrides map[string]string) layers {
	l := newLayers()
	if err := l.MergeConfigMap(file); err != nil {
		r.problemf("", "merge settings: %v", err)
	}
	byVariable, byKey := map[string]leaf{}, map[string]leaf{}
	for _, leaf := range leaves() {
		byVariable[EnvironmentName(leaf.key)] = leaf
		byKey[leaf.key] = leaf
	}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, environmentPrefix) && name != environmentConfig {
			r.set(l, byVariable, name, name, value)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(overrides)) {
		r.set(l, byKey, key, "--"+key, overrides[key])
	}
	return l
}

// set lays one value over the settings; place names it in errors.
func (r *report) set(l layers, known map[string]leaf, name, place, value string) {
	leaf, ok := known[name]
	if !ok {
		r.add(Problem{Place: place, Text: "is unknown; it names no key that can be set outside the file"})
		return
	}
	if isSecretKey(leaf.key) && strings.HasPrefix(place, "--") {
		r.add(Problem{Place: place, Text: "must not stand in a command line, which every user of the machine can read; write it into the file"})
		return
	}
	r.forget(leaf.key)
	r.origins[leaf.key] = origin{place: place}
	parsed, err := parseValue(value, leaf.typ)
	if err != nil {
		r.unreadf(leaf.key, "%v", err)
		return
	}
	l.Set(leaf.key, parsed)
}

// forget drops the places of a key's value that another value replaces.
func (r *report) forget(key string) {
	delete(r.nulls, key)
	maps.DeleteFunc(r.origins, func(k string, _ origin) bool {
		return k == key || strings.HasPrefix(k, key+"[")
	})
}

func lookup(environ []string, name string) string {
	for _, entry := range slices.Backward(environ) {
		if value, found := strings.CutPrefix(entry, name+"="); found {
			return value
		}
	}
	return ""
}

// readBounded reads a regular file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has %d bytes, at most %d allowed", path, info.Size(), limit)
	}
	return os.ReadFile(path)
}

// resolve returns the path a key means.
func (r *report) resolve(key, path string) string {
	if path == "" || filepath.IsAbs(path) || !r.origin(key).file {
		return path
	}
	return filepath.Join(r.dir, path)
}
