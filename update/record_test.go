package update

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestRecordComesBack(t *testing.T) {
	dir := t.TempDir()
	if r, err := loadRecord(dir); err != nil || !reflect.DeepEqual(r, record{}) {
		t.Fatalf("nothing there: %+v, %v", r, err)
	}
	want := pendingB()
	want.Last = &Result{From: "0.9.0", To: "1.0.0", Outcome: OutcomeOK, Time: rigStart}
	want.noteFailure("1.1.0", rigStart)
	want.addReport(report{URL: "https://h/r", To: "1.0.0"})
	// What a power cut left is written over.
	if err := os.WriteFile(filepath.Join(dir, recordFile+".new"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := want.store(dir); err != nil {
		t.Fatal(err)
	}
	got, err := loadRecord(dir)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files, %v", len(entries), err)
	}
}

func TestBadRecords(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "half": `{"pending": {"fr`, "other": `[1]`, "no slot": `{"pending": {"to": "1.0.0"}}`,
		"huge": `{"x": "` + strings.Repeat("a", maxRecord) + `"}`,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, recordFile), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := loadRecord(dir)
		if err == nil || !reflect.DeepEqual(r, record{}) || !strings.Contains(err.Error(), recordFile) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	many := record{}
	for i := range maxReports + 5 {
		many.Reports = append(many.Reports, report{To: fmt.Sprint(i)})
	}
	dir := t.TempDir()
	if err := many.store(dir); err != nil {
		t.Fatal(err)
	}
	if r, err := loadRecord(dir); err != nil || len(r.Reports) != maxReports || r.Reports[0].To != "5" {
		t.Errorf("%d reports, %v", len(r.Reports), err)
	}
	if err := (record{}).store(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("store into nothing: %v", err)
	}
}

func TestFailuresAreForgotten(t *testing.T) {
	r := record{}
	for i := range 3 * maxFailed {
		r.noteFailure(fmt.Sprintf("1.%d.0", i), rigStart.Add(time.Duration(i)*time.Minute))
	}
	if len(r.Failed) > maxFailed {
		t.Errorf("%d failures are kept", len(r.Failed))
	}
	r.noteFailure("2.0.0", rigStart.Add(72*time.Hour))
	if len(r.Failed) != 1 {
		t.Errorf("%d failures are kept after three days", len(r.Failed))
	}
}

func TestDeviceID(t *testing.T) {
	dir := t.TempDir()
	first, err := deviceID(dir)
	if err != nil || len(first) != 32 {
		t.Fatalf("%q, %v", first, err)
	}
	if again, err := deviceID(dir); err != nil || again != first {
		t.Errorf("then %q, %v", again, err)
	}
	if err := os.WriteFile(filepath.Join(dir, deviceFile), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if again, err := deviceID(dir); err != nil || again == first || len(again) != 32 {
		t.Errorf("after nonsense %q, %v", again, err)
	}
	if id, err := deviceID(filepath.Join(dir, "missing")); err == nil || len(id) != 32 {
		t.Errorf("without a folder: %q, %v", id, err)
	}
}

func TestReadImage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "os-release")
	if err := os.WriteFile(path, []byte("NAME=x\n# c\n IMAGE_ID=\"intercom-rpi4\"\nIMAGE_VERSION='1.2.0'\nX\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if img, err := readImage(path); err != nil || img != (image{"intercom-rpi4", "1.2.0"}) {
		t.Errorf("%+v, %v", img, err)
	}
	if _, err := readImage(filepath.Dir(path)); err == nil {
		t.Error("a folder was read")
	}
	if readBootID(bootIDFile) == "" || readBootID("/nothing") != "" {
		t.Error("boot id")
	}
}
