package provision

import (
	"bytes"
	"errors"
	"fmt"
	"path"
)

// fallbackTemplate is what a reset leaves on the card of a system that ships no
// template.
const fallbackTemplate = `# The configuration of this device goes here: see "intercomd provision", which
# writes it, and intercomd.yaml(5). It is read each time the device is switched on.
`

// template returns the intercom.yaml of a card nobody has edited.
func (s *Setup) template() []byte {
	text, err := s.disk.Read(s.paths.Template)
	if err != nil {
		return []byte(fallbackTemplate)
	}
	return text
}

// resetAsked says whether a factory reset has begun, or the card asks for one.
func (s *Setup) resetAsked() (bool, error) {
	_, begun, err := readIf(s.disk, s.marker())
	if begun || err != nil {
		return begun, err
	}
	names, err := s.card.resetRequests()
	return len(names) > 0, err
}

// marker is there while a reset is under way.
func (s *Setup) marker() string { return path.Join(s.store.dir, resetName) }

// reset makes the device what it was on its first day. It can be cut at any
// moment: the marker starts it again, and after that the file on the card, which
// goes last. The card is not needed for a reset that a button began.
func (s *Setup) reset() error {
	if err := doAll(s.disk, put(s.marker(), []byte("begun\n"), 0o600, Owner{})...); err != nil {
		return fmt.Errorf("begin factory reset: %w", err)
	}
	if err := s.store.clear(); err != nil {
		return err
	}
	if err := empty(s.disk, s.store.state(), false); err != nil {
		return fmt.Errorf("empty state: %w", err)
	}
	if err := doAll(s.disk, Op{Kind: Sync, Path: s.store.state()}); err != nil {
		return err
	}
	if err := s.resetIdentity(); err != nil {
		return err
	}
	cardErr := s.resetCard()
	err := doAll(s.disk, Op{Kind: Remove, Path: s.marker()}, Op{Kind: Sync, Path: s.store.dir})
	if cardErr != nil || err != nil {
		return errors.Join(cardErr, err)
	}
	names, err := s.card.resetRequests()
	if len(names) > 0 {
		err = s.card.change(s.card.removal(names...)...)
	}
	return err
}

// identityFolders are the folders below that of the data where other programs of
// the image keep what the device shows to others: SSH's host keys, and the token
// of a fleet.
func identityFolders() []string { return []string{"system/dropbear", "hawkbit"} }

// resetIdentity empties them. One that is missing is empty.
func (s *Setup) resetIdentity() error {
	for _, name := range identityFolders() {
		dir := path.Join(s.paths.Data, name)
		entries, err := listIf(s.disk, dir)
		if err == nil && len(entries) > 0 {
			err = errors.Join(empty(s.disk, dir, true), doAll(s.disk, Op{Kind: Sync, Path: dir}))
		}
		if err != nil {
			return fmt.Errorf("empty %s: %w", dir, err)
		}
	}
	return nil
}

// resetCard puts the template in place of the card's configuration, whose bytes
// are overwritten first.
func (s *Setup) resetCard() error {
	if !s.card.there() {
		return nil
	}
	var ops []Op
	name, text, _, _ := s.card.config() // one that cannot be read is replaced
	if name == "" {
		name = configFile
	}
	at := path.Join(s.card.dir, name)
	if len(text) > 0 {
		ops = append(ops,
			Op{Kind: Overwrite, Path: at, Data: bytes.Repeat([]byte("\n"), len(text))},
			Op{Kind: Sync, Path: at})
	}
	ops = append(ops, put(at, s.template(), 0o644, Owner{})...)
	return s.card.change(append(ops, s.card.removal(errFile)...)...)
}
