package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/packaging"
)

// refusal says what the device would have against the value of a key, "" for
// nothing. Of the document only that part counts.
func refusal(d document, key string) string {
	text, err := d.yaml()
	if err != nil {
		return err.Error()
	}
	var wrong *config.Error
	if _, _, err = config.Read("answers", text, "/", nil, nil); !errors.As(err, &wrong) {
		return ""
	}
	for _, p := range wrong.Problems {
		if p.Key == key {
			return p.Text
		}
	}
	return ""
}

// outputPath is the file that --output means.
func outputPath(output string, force bool) (string, error) {
	if output == "-" {
		return output, nil
	}
	if info, err := os.Stat(output); err == nil && info.IsDir() {
		output = filepath.Join(output, "intercom.yaml")
	}
	if text, err := os.ReadFile(output); err == nil && isUnfilled(text) {
		return output, nil
	}
	return output, mayWrite(output, force)
}

// picturePath checks where the QR code is to go, beside what target gets.
func picturePath(picture, target string, force bool) error {
	if picture == "" {
		return nil
	}
	if same, err := samePath(picture, target); err != nil || same {
		return errors.Join(err, usagef("--output and --qr name the same file"))
	}
	return mayWrite(picture, force)
}

func samePath(a, b string) (bool, error) {
	a, errA := filepath.Abs(a)
	b, errB := filepath.Abs(b)
	return a == b, errors.Join(errA, errB)
}

// mayWrite fails if there is no folder for a file, or a file that may not be
// replaced.
func mayWrite(file string, force bool) error {
	if _, err := os.Stat(filepath.Dir(file)); err != nil {
		return fmt.Errorf("write %s: its folder cannot be used: %w", file, err)
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at %s: %w", file, err)
	case info.IsDir():
		return fmt.Errorf("%s is a folder", file)
	case !force:
		return fmt.Errorf("%s is there already; --force replaces it", file)
	}
	return nil
}

// isUnfilled says whether a file is one that nobody has written anything into:
// the template of a new card, whatever ends its lines, or nothing but comments.
func isUnfilled(text []byte) bool {
	text = bytes.ReplaceAll(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	if bytes.Equal(bytes.TrimSpace(text), bytes.TrimSpace(packaging.CardTemplate)) {
		return true
	}
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}

// refusedName says what is wrong with the device's name.
func (a *answers) refusedName() string {
	var d document
	d.Device.Name = a.name
	return refusal(d, "device.name")
}

// refusedPassword says what is wrong with the account's password.
func (a *answers) refusedPassword() string {
	if a.password == "" {
		return "there must be one"
	}
	return refusal(document{QuickBlox: docAccount{Password: a.password}}, "quickblox.password")
}

// refusedContact says what is wrong with a key, name or user_id, of one more
// contact.
func (a *answers) refusedContact(more docContact, key string) string {
	if strings.Contains(more.Name, "=") {
		return "an = cannot be in it"
	}
	d := document{QuickBlox: docAccount{UserID: a.userID}}
	for _, c := range a.contacts {
		if contact, err := contactOf(c); err == nil {
			d.Contacts = append(d.Contacts, contact)
		}
	}
	d.Contacts = append(d.Contacts, more)
	return refusal(d, fmt.Sprintf("contacts[%d].%s", len(d.Contacts)-1, key))
}

// refusedWiFi says what is wrong with a key of the Wi-Fi network.
func (a *answers) refusedWiFi(key string) string {
	return refusal(document{Network: &docNetwork{WiFi: a.docWiFi()}}, "network.wifi."+key)
}

// refusedZone says what is wrong with the time zone.
func (a *answers) refusedZone() string {
	return refusal(document{System: &docSystem{Timezone: a.timezone}}, "system.timezone")
}
