package provision

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/intercomd/intercomd/config"
)

// maxFiles is how many files a configuration may bring along.
const maxFiles = 64

// maxPassword is how many bytes a password has at most, as in package config.
const maxPassword = 4096

// isNew compares the card's file with the configuration in force, nil if there
// is none, and with the template that a reset leaves. What was imported is not
// new while its secrets are being blanked either.
func isNew(text []byte, st *stored, template []byte) bool {
	switch {
	case bytes.Equal(text, template):
		return false
	case st == nil:
		return true
	case st.seen != "" && st.seen == digest(text):
		return false
	case st.card == nil:
		return true
	}
	o := blanking(st.card)
	return !o.done(text) && !o.begun(text)
}

// isEmpty says whether a file has nothing but comments.
func isEmpty(text []byte) bool {
	for line := range bytes.Lines(bytes.TrimPrefix(text, []byte("\ufeff"))) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && !bytes.Equal(line, []byte("---")) {
			return false
		}
	}
	return true
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// importCard takes the card's configuration over if it is a new one. What it
// returns is for intercom.err and the log; the configuration in force is whole
// whatever it returns.
func (s *Setup) importCard(st *stored) (fresh bool, err error) {
	name, text, stray, err := s.card.config()
	switch {
	case err != nil:
		return false, err
	case name == "" && len(stray) > 0:
		return false, &strayError{names: stray, alone: true}
	case name == "":
		return false, nil
	}
	fresh, err = s.importFile(name, text, st)
	if err == nil {
		err = s.strays(stray)
	}
	return fresh, err
}

// strays is an error if one of these files does not belong to the configuration
// in force. FAT ignores capitals.
func (s *Setup) strays(names []string) error {
	if len(names) == 0 {
		return nil
	}
	st, err := s.store.load()
	if err != nil {
		return err
	}
	kept, err := s.companions(st)
	if err != nil {
		return err
	}
	belongs := func(name string) bool {
		for file := range kept {
			if strings.EqualFold(file, name) {
				return true
			}
		}
		return false
	}
	if names = slices.DeleteFunc(names, belongs); len(names) == 0 {
		return nil
	}
	return &strayError{names: names}
}

// importFile takes a file of the card over if it is a new one, and finishes
// blanking it.
func (s *Setup) importFile(name string, text []byte, st *stored) (fresh bool, err error) {
	template := s.template()
	if !isNew(text, st, template) && !s.newFiles(st) {
		return false, s.blank(name, text, st)
	}
	if isEmpty(text) && !bytes.Equal(text, template) {
		return false, fmt.Errorf("%s: holds no settings", configFile)
	}
	files, err := s.read(text, st)
	if err != nil {
		return false, err
	}
	files[cardFile] = text
	if err := s.store.save(files); err != nil {
		return false, err
	}
	now, err := s.store.load()
	if err != nil {
		return true, err
	}
	return true, s.blank(name, text, now)
}

// read checks a configuration of the card and returns the files it consists
// of.
func (s *Setup) read(text []byte, st *stored) (map[string][]byte, error) {
	var before []byte
	if st != nil {
		before = st.text
	}
	whole, err := config.Restore(text, before)
	if err != nil {
		return nil, placed(err)
	}
	cfg, err := s.check(configFile, whole, s.card.dir)
	if err != nil {
		return nil, err
	}
	if err := elsewhere(cfg); err != nil {
		return nil, err
	}
	files := map[string][]byte{configFile: whole}
	if len(cfg.Files) > maxFiles {
		return nil, fmt.Errorf("%s: names %d files, at most %d allowed", configFile, len(cfg.Files), maxFiles)
	}
	for _, file := range cfg.Files {
		if files[path.Clean(file)], err = s.bring(file, st); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// elsewhere is an error if a secret lies outside the configuration. Root could
// read it here, which says nothing about the daemon later, and it would stay
// where it is.
func elsewhere(cfg *config.Config) error {
	if len(cfg.Outside) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %s names a file by its whole path; put the file beside %s and write its name only",
		configFile, cfg.Outside[0], configFile)
}

// placed gives problems without the name of a file that of the configuration.
func placed(err error) error {
	var wrong *config.Error
	if !errors.As(err, &wrong) {
		return err
	}
	for i, p := range wrong.Problems {
		if line, found := strings.CutPrefix(p.Place, "line "); found {
			wrong.Problems[i].Place = configFile + ":" + line
		}
	}
	return wrong
}

// check is [config.Read] without an environment.
func (s *Setup) check(name string, text []byte, dir string) (*config.Config, error) {
	cfg, _, err := config.Read(name, text, dir, nil, nil)
	return cfg, err
}

// bring reads a file of the card that the configuration refers to. One that was
// blanked is the stored one.
func (s *Setup) bring(file string, st *stored) ([]byte, error) {
	if err := allowed(file); err != nil {
		return nil, err
	}
	data, err := s.disk.Read(path.Join(s.card.dir, file))
	if err != nil {
		return nil, fmt.Errorf("read file %q of the card: %w", file, err)
	}
	if string(bytes.TrimSpace(data)) != config.StoredMark {
		return data, nil
	}
	if st == nil {
		return nil, notKept(file)
	}
	kept, found, err := readIf(s.disk, path.Join(s.store.dir, st.folder, path.Clean(file)))
	if err == nil && !found {
		err = notKept(file)
	}
	return kept, err
}

func notKept(file string) error {
	return fmt.Errorf("file %q of the card is %s, which stands for a content that the device keeps, but it keeps none; "+
		"put the file on the card again", file, config.StoredMark)
}

// allowed says whether a file of the card may come along.
func allowed(file string) error {
	clean := path.Clean(file)
	switch {
	case !filepath.IsLocal(file):
		return fmt.Errorf("file %q is not on the card; put it beside %s and write its name only", file, configFile)
	case strings.HasPrefix(clean, ".") || strings.EqualFold(clean, configFile):
		return fmt.Errorf("file %q cannot be taken over under that name; rename it", file)
	}
	return nil
}

// isSecret says whether a file must not stay on the card: a private key, or a
// short text, which is a password, but no certificates.
func isSecret(data []byte) bool {
	switch {
	case bytes.Contains(data, []byte("PRIVATE KEY-----")):
		return true
	case bytes.Contains(data, []byte("-----BEGIN CERTIFICATE-----")):
		return false
	}
	return len(data) <= maxPassword && utf8.Valid(data)
}

// companions are the files that came from the card with the configuration in
// force, by name.
func (s *Setup) companions(st *stored) (map[string][]byte, error) {
	files := map[string][]byte{}
	if st == nil || st.card == nil {
		return files, nil
	}
	err := s.collect(path.Join(s.store.dir, st.folder), "", files)
	delete(files, configFile)
	if err != nil {
		return files, fmt.Errorf("read stored configuration: %w", err)
	}
	return files, nil
}

// collect adds the files in a folder and those below it, except this package's
// own, under the name of the folder.
func (s *Setup) collect(dir, name string, files map[string][]byte) error {
	entries, err := s.disk.List(path.Join(dir, name))
	if err != nil {
		return err
	}
	for _, e := range entries {
		at := path.Join(name, e.Name)
		switch {
		case strings.HasPrefix(at, ".") || e.Target != "":
		case e.Folder:
			if err := s.collect(dir, at, files); err != nil {
				return err
			}
		default:
			if files[at], err = s.disk.Read(path.Join(dir, at)); err != nil {
				return err
			}
		}
	}
	return nil
}

// newFiles says whether a file that the configuration refers to was changed on
// the card. One that was removed there is kept.
func (s *Setup) newFiles(st *stored) bool {
	kept, err := s.companions(st)
	if err != nil {
		return false // told where the configuration is used
	}
	for file, data := range kept {
		now, found, err := readIf(s.disk, path.Join(s.card.dir, file))
		if err != nil || !found || bytes.Equal(now, data) || string(bytes.TrimSpace(now)) == config.StoredMark {
			continue
		}
		if !isSecret(data) || !marking(data).begun(now) {
			return true
		}
	}
	return false
}

// blank overwrites the secrets that the card still has and the device keeps. It
// does nothing if there are none.
func (s *Setup) blank(name string, text []byte, st *stored) error {
	if st == nil || st.card == nil {
		return nil
	}
	kept, err := s.companions(st)
	var ops []Op
	overwrite := func(name string, o overwriting, now []byte) {
		if !o.done(now) && o.begun(now) {
			ops = append(ops, o.ops(path.Join(s.card.dir, name), now)...)
		}
	}
	for _, file := range slices.Sorted(maps.Keys(kept)) {
		now, found, err := readIf(s.disk, path.Join(s.card.dir, file))
		if err == nil && found && isSecret(kept[file]) {
			overwrite(file, marking(kept[file]), now)
		}
	}
	overwrite(name, blanking(st.card), text)
	return errors.Join(err, s.card.change(ops...))
}
