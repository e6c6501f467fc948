package mediafile

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, size int) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	const limit = 2 << 20
	for _, tc := range []struct {
		name, path, want string // want "" is success
	}{
		{"small", write("small", 1), ""},
		{"as large as allowed", write("full", limit), ""},
		{"too large", write("large", limit+1), "file is bigger than 2 MiB"},
		{"empty", write("empty", 0), "file is empty"},
		{"missing", filepath.Join(dir, "none"), "no such file"},
		{"folder", dir, "is a directory"},
		{"FIFO without a writer", fifo, "not a regular file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			data, err := Read(tc.path, limit)
			if tc.want == "" {
				if err != nil || len(data) == 0 {
					t.Errorf("%d bytes, %v", len(data), err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}
