package update

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	recordFile = "update.json"
	maxRecord  = 256 << 10 // bytes
	maxReports = 16
	maxFailed  = 16
)

// record is what outlives a restart.
type record struct {
	Pending *pending             `json:"pending,omitempty"`
	Last    *Result              `json:"last,omitempty"`
	Failed  map[string]time.Time `json:"failed,omitempty"` // when a version failed
	Reports []report             `json:"reports,omitempty"`
}

// pending is an installed version that is not committed yet.
type pending struct {
	From       string    `json:"from"`
	To         string    `json:"to"`
	Slot       string    `json:"slot"`    // boot name of the slot it is in
	BootID     string    `json:"boot_id"` // of the kernel it was installed under
	ByHand     bool      `json:"by_hand,omitempty"`
	Online     bool      `json:"online,omitempty"`     // the link was up before the restart
	Restarting bool      `json:"restarting,omitempty"` // the restart was asked for
	Tried      bool      `json:"tried,omitempty"`      // it got as far as a health check
	Reason     string    `json:"reason,omitempty"`     // why it is not healthy
	ReportURL  string    `json:"report_url,omitempty"`
	Installed  time.Time `json:"installed"`
}

// report is a result that somebody wants to know.
type report struct {
	URL     string `json:"url"`
	Device  string `json:"device"`
	From    string `json:"from"`
	To      string `json:"to"`
	Outcome string `json:"outcome"`
	Error   string `json:"error,omitempty"`
}

// clone is a copy that shares nothing with the original.
func (r record) clone() record {
	if r.Pending != nil {
		p := *r.Pending
		r.Pending = &p
	}
	if r.Last != nil {
		l := *r.Last
		r.Last = &l
	}
	r.Failed = maps.Clone(r.Failed)
	r.Reports = slices.Clone(r.Reports)
	return r
}

// noteFailure remembers that a version failed and forgets what is too old to
// matter.
func (r *record) noteFailure(version string, now time.Time) {
	failed := map[string]time.Time{}
	for v, at := range r.Failed {
		if now.Sub(at).Abs() < holdFailed && len(failed) < maxFailed-1 {
			failed[v] = at
		}
	}
	failed[version] = now
	r.Failed = failed
}

// addReport queues a report; the oldest makes room.
func (r *record) addReport(rep report) {
	r.Reports = append(slices.Clone(r.Reports), rep)
	if extra := len(r.Reports) - maxReports; extra > 0 {
		r.Reports = r.Reports[extra:]
	}
}

// loadRecord reads what the last run left. A file that makes no sense is an
// error beside an empty record: the device goes on without it.
func loadRecord(dir string) (record, error) {
	path := filepath.Join(dir, recordFile)
	data, err := readLimited(path, maxRecord)
	if errors.Is(err, fs.ErrNotExist) {
		return record{}, nil
	}
	if err != nil {
		return record{}, fmt.Errorf("read %s: %w", path, err)
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return record{}, fmt.Errorf("read %s: %w", path, err)
	}
	if p := r.Pending; p != nil && p.Slot == "" {
		return record{}, fmt.Errorf("read %s: the pending update names no slot", path)
	}
	if extra := len(r.Reports) - maxReports; extra > 0 {
		r.Reports = r.Reports[extra:]
	}
	return r, nil
}

// store writes the record in one step.
func (r record) store(dir string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", recordFile, err)
	}
	return writeAtomic(filepath.Join(dir, recordFile), append(data, '\n'))
}

// writeAtomic replaces a file so that a power cut leaves the old or the new one.
func writeAtomic(path string, data []byte) error {
	temp := path + ".new" // one that a power cut left is written over
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// readLimited reads a file of at most limit bytes.
func readLimited(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fmt.Errorf("it is no file of at most %d bytes", limit)
	}
	return os.ReadFile(path)
}
