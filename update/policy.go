package update

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// holdFailed is how long a version that failed once is left alone.
const holdFailed = 24 * time.Hour

// view is what the policy knows of the device.
type view struct {
	running    Version
	compatible string
	channel    string
	device     string // its id
	failed     map[string]time.Time
	byHand     bool // a person asks: rollout and earlier failures do not count
}

// choice is what the policy makes of a manifest.
type choice struct {
	update    *Update // nil: there is nothing to install
	available string  // newest version for this device, "" when none is newer
	message   string  // why update is nil
}

// choose picks the newest update that this device may have. An update that
// needs a newer version than the one that runs makes room for one in between.
func choose(m Manifest, v view, now time.Time) (choice, error) {
	list, message := forDevice(m, v)
	if len(list) == 0 {
		return choice{message: message}, nil
	}
	var result choice
	var refused error
	for _, u := range list {
		if err := u.check(); err != nil {
			return choice{}, err
		}
	}
	slices.SortStableFunc(list, func(a, b Update) int { return versionOf(b).Compare(versionOf(a)) })
	for _, u := range list {
		offered := versionOf(u)
		if offered.Compare(v.running) <= 0 {
			continue
		}
		if result.available == "" {
			result.available = offered.String()
		}
		message, err := mayHave(u, v, now)
		switch {
		case err == nil && message == "":
			result.update, result.message = &u, ""
			return result, nil
		case err != nil && refused == nil:
			refused = err
		case result.message == "":
			result.message = message
		}
	}
	if result.available == "" {
		result.message = nothingNewer(versionOf(list[0]), v)
	}
	return result, refused
}

// forDevice keeps what is for this kind of board and in the device's channel.
func forDevice(m Manifest, v view) (list []Update, message string) {
	board := 0
	for _, u := range m.Updates {
		if u.Compatible != v.compatible {
			continue
		}
		board++
		if u.Channel == v.channel {
			list = append(list, u)
		}
	}
	if board == 0 {
		return nil, "the manifest has nothing for " + v.compatible
	}
	return list, fmt.Sprintf("the manifest has nothing for %s in channel %s", v.compatible, v.channel)
}

func nothingNewer(newest Version, v view) string {
	if newest.Compare(v.running) < 0 {
		return fmt.Sprintf("the newest version in channel %s is %s, older than %s that runs; a downgrade is never installed",
			v.channel, newest, v.running)
	}
	return fmt.Sprintf("%s is the newest version in channel %s", v.running, v.channel)
}

// mayHave says why a newer version has to wait (message), or what is wrong with
// its offer (error).
func mayHave(u Update, v view, now time.Time) (message string, err error) {
	if !u.Expires.IsZero() && !now.Before(u.Expires) {
		return "", fmt.Errorf("the manifest's offer of %s expired on %s; is there a newer manifest?", u.Version, day(u.Expires))
	}
	if u.MinimumVersion != "" {
		if least := versionOf(Update{Version: u.MinimumVersion}); v.running.Compare(least) < 0 {
			return "", fmt.Errorf("%s can only be installed on %s or newer, and %s runs", u.Version, least, v.running)
		}
	}
	if v.byHand {
		return "", nil
	}
	if at, found := v.failed[versionOf(u).String()]; found && now.Sub(at).Abs() < holdFailed {
		return fmt.Sprintf("%s failed on %s and is not tried again for %d hours", u.Version, at.Local().Format(time.DateTime), int(holdFailed.Hours())), nil
	}
	if u.Rollout != nil && share(v.device, versionOf(u).String()) >= *u.Rollout {
		return fmt.Sprintf("%s is being handed out step by step, and it is not this device's turn yet", u.Version), nil
	}
	return "", nil
}

// share puts a device somewhere between 0 and 99 for each version anew, so that
// it is not always the same ones that go first.
func share(device, version string) int {
	return int(draw(device, version) % 100)
}

// draw is a number that is always the same for the same words.
func draw(words ...string) uint64 {
	sum := sha256.Sum256([]byte(strings.Join(words, "\n")))
	return binary.BigEndian.Uint64(sum[:])
}

// versionOf is the version of an update that was checked.
func versionOf(u Update) Version {
	v, err := ParseVersion(u.Version)
	if err != nil {
		return Version{}
	}
	return v
}

// normal writes a version as it is compared.
func normal(version string) string { return versionOf(Update{Version: version}).String() }

// offer is what a bundle has to be.
type offer struct {
	compatible string // of this device
	running    Version
	version    string // that the manifest promised; "" when a person chose the bundle
	hash       string // of its manifest; "" when that was not promised
}

// found is what a bundle is.
type found struct{ compatible, version, hash string }

// admit refuses a bundle that must not be installed. The same version again is
// for a person to ask for; an older one is for nobody.
func (o offer) admit(b found) error {
	if b.compatible != o.compatible {
		return fmt.Errorf("the bundle is for another kind of board: for %q, and this is %s", b.compatible, o.compatible)
	}
	v, err := ParseVersion(b.version)
	if err != nil {
		return fmt.Errorf("the bundle: %w", err)
	}
	if v.Compare(o.running) < 0 {
		return fmt.Errorf("the bundle has version %s, older than %s that runs; a downgrade is never installed", v, o.running)
	}
	if o.version != "" && v.Compare(versionOf(Update{Version: o.version})) != 0 {
		return fmt.Errorf("the bundle has version %s, and the manifest promised %s", v, o.version)
	}
	if o.hash != "" && b.hash != "" && !strings.EqualFold(o.hash, b.hash) {
		return errors.New("this is not the bundle that the manifest promised: its own manifest has another hash")
	}
	return nil
}
