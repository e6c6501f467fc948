// Package mediafile reads the files that stand in for a camera or a
// microphone. It guarantees to take no more than the caller allows, and not to
// wait for a file that is no file (a FIFO, a device).
package mediafile

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Read returns the content of a regular file of 1 to limit bytes. Errors do not
// name the file; the caller names the source.
func Read(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path) // opening a FIFO would wait for its writer
	if err != nil {
		return nil, err
	}
	switch {
	case info.IsDir():
		return nil, errors.New("is a directory")
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Size() == 0:
		return nil, errors.New("file is empty")
	case info.Size() > limit:
		return nil, fmt.Errorf("file is bigger than %d MiB", limit>>20)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}
