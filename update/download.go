package update

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	downloadFolder = "download"
	partSuffix     = ".part"
	spareSpace     = 16 << 20 // bytes that stay free for everything else
	maxTries       = 6        // in a row without a byte
	firstPause     = 2 * time.Second
)

// download is one bundle on its way to a file.
type download struct {
	client   *http.Client
	agent    string
	url      string
	folder   string
	size     int64  // bytes; 0 is unknown
	sha256   string // hex; "" is unknown: nothing is resumed then
	progress func(percent int)
	pause    time.Duration // before the second try; later ones wait longer
	free     func(folder string) (bytes int64, err error)
}

// freeSpace is what of the disk of a folder is free for a user.
func freeSpace(folder string) (bytes int64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(folder, &st); err != nil {
		return 0, fmt.Errorf("look for space in %s: %w", folder, err)
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// run fetches the bundle and returns its path. What an earlier attempt left is
// gone on with.
func (d *download) run(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, downloadTime)
	defer cancel()
	name := strings.ToLower(d.sha256)
	if name == "" {
		name = "bundle"
	}
	part, final := filepath.Join(d.folder, name+partSuffix), filepath.Join(d.folder, name+".raucb")
	if err := d.prepare(filepath.Base(part), filepath.Base(final)); err != nil {
		return "", err
	}
	if d.sha256 != "" && d.verify(final) == nil {
		return final, nil
	}
	if err := d.fill(ctx, part); err != nil {
		return "", err
	}
	if err := d.verify(part); err != nil {
		return "", errors.Join(err, os.Remove(part))
	}
	if err := os.Rename(part, final); err != nil {
		return "", fmt.Errorf("keep download: %w", err)
	}
	return final, nil
}

// prepare makes the folder and removes everything but the named files.
func (d *download) prepare(keep ...string) error {
	if err := os.MkdirAll(d.folder, 0o700); err != nil {
		return fmt.Errorf("make folder for downloads: %w", err)
	}
	entries, err := os.ReadDir(d.folder)
	if err != nil {
		return fmt.Errorf("look into folder for downloads: %w", err)
	}
	for _, e := range entries {
		if d.sha256 != "" && (e.Name() == keep[0] || e.Name() == keep[1]) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(d.folder, e.Name())); err != nil {
			return fmt.Errorf("remove old download: %w", err)
		}
	}
	return nil
}

// fill fetches what is missing of the file, again and again as long as that
// gets it further.
func (d *download) fill(ctx context.Context, part string) error {
	f, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("write download: %w", err)
	}
	defer f.Close()
	for tries := 1; ; tries++ {
		before, err := f.Seek(0, io.SeekEnd)
		if err != nil {
			return fmt.Errorf("write download: %w", err)
		}
		if d.size > 0 && before == d.size {
			return d.sync(f)
		}
		if d.size > 0 && before > d.size {
			before = 0 // of another file: once overwrites it
		}
		err = d.once(ctx, f, before)
		if err == nil {
			return d.sync(f)
		}
		after, _ := f.Seek(0, io.SeekEnd)
		if after > before {
			tries = 1
		}
		switch ended := ctx.Err(); {
		case ended != nil && !errors.Is(err, ended):
			return fmt.Errorf("%w: %w", ended, err) // the server was quicker to notice
		case ended != nil || !worthwhile(err) || tries >= maxTries:
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(d.pause << (tries - 1)):
		}
	}
}

// sync makes sure that what is renamed is on the disk.
func (d *download) sync(f *os.File) error {
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write download: %w", err)
	}
	return nil
}

// fatalError is one that the next try would only meet again.
type fatalError struct{ error }

func (e fatalError) Unwrap() error { return e.error }

func worthwhile(err error) bool {
	var fatal fatalError
	var status *statusError
	if errors.As(err, &fatal) {
		return false
	}
	if errors.As(err, &status) {
		return status.code >= 500 || status.code == http.StatusTooManyRequests || status.code == http.StatusRequestTimeout
	}
	return true
}

// once asks for everything from have on.
func (d *download) once(ctx context.Context, f *os.File, have int64) error {
	ctx, stall := context.WithCancelCause(ctx)
	defer stall(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return fatalError{errors.New("this is no web address")}
	}
	req.Header.Set("User-Agent", d.agent)
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	resp, err := do(d.client, req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	from, err := d.begins(resp, have)
	if err != nil {
		return err
	}
	if err := f.Truncate(from); err != nil {
		return fatalError{fmt.Errorf("write download: %w", err)}
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return fatalError{fmt.Errorf("write download: %w", err)}
	}
	if err := d.room(resp.ContentLength); err != nil {
		return fatalError{err}
	}
	return d.copy(ctx, stall, f, resp, from)
}

// begins says where in the file the answer belongs, and refuses one of a wrong
// size.
func (d *download) begins(resp *http.Response, have int64) (int64, error) {
	from, total := int64(0), resp.ContentLength
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusPartialContent:
		start, all, ok := contentRange(resp.Header.Get("Content-Range"))
		if !ok || start != have {
			return 0, fatalError{fmt.Errorf("%s: the server sends another part than asked for", redactURL(resp.Request.URL))}
		}
		from, total = start, all
	case http.StatusRequestedRangeNotSatisfiable:
		return 0, fatalError{fmt.Errorf("%s: the file on the server is smaller than the manifest says", redactURL(resp.Request.URL))}
	default:
		return 0, refusedBy(resp, time.Now())
	}
	switch {
	case d.size > 0 && total >= 0 && total != d.size:
		return 0, fatalError{fmt.Errorf("the bundle on the server has %d bytes, and the manifest says %d", total, d.size)}
	case total > maxBundle:
		return 0, fatalError{fmt.Errorf("the bundle is larger than %d MiB", maxBundle>>20)}
	}
	return from, nil
}

// contentRange reads "bytes 100-199/200".
func contentRange(value string) (start, total int64, ok bool) {
	rest, found := strings.CutPrefix(value, "bytes ")
	span, all, found2 := strings.Cut(rest, "/")
	first, _, found3 := strings.Cut(span, "-")
	start, errStart := strconv.ParseInt(first, 10, 64)
	total, errTotal := strconv.ParseInt(all, 10, 64)
	ok = found && found2 && found3 && errStart == nil && errTotal == nil && start >= 0 && total > start
	return start, total, ok
}

// copy writes the body down, and ends when nothing comes for too long.
func (d *download) copy(ctx context.Context, stall context.CancelCauseFunc, f *os.File, resp *http.Response, at int64) error {
	limit := d.size
	if limit == 0 {
		limit = maxBundle
	}
	watch := time.AfterFunc(stallTime, func() { stall(errStalled) })
	defer watch.Stop()
	buffer := make([]byte, 128<<10)
	for {
		n, err := resp.Body.Read(buffer)
		watch.Reset(stallTime)
		if at+int64(n) > limit {
			return fatalError{fmt.Errorf("the bundle on the server is larger than %d bytes", limit)}
		}
		if n > 0 {
			if err := d.write(f, buffer[:n]); err != nil {
				return err
			}
			at += int64(n)
			d.tell(at, limit)
		}
		switch {
		case errors.Is(err, io.EOF) && d.size > 0 && at < d.size:
			return io.ErrUnexpectedEOF
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && errors.Is(context.Cause(ctx), errStalled):
			return errStalled
		case err != nil:
			return fmt.Errorf("%s: %w", redactURL(resp.Request.URL), err)
		}
	}
}

var errStalled = errors.New("the server sends nothing any more")

func (d *download) write(f *os.File, data []byte) error {
	if d.size == 0 { // nobody knows how much is to come
		if err := d.room(int64(len(data))); err != nil {
			return fatalError{errors.Join(err, f.Truncate(0))}
		}
	}
	_, err := f.Write(data)
	if errors.Is(err, syscall.ENOSPC) {
		return fatalError{errors.Join(fmt.Errorf("write download: no space left in %s", d.folder), f.Truncate(0))}
	}
	if err != nil {
		return fatalError{fmt.Errorf("write download: %w", err)}
	}
	return nil
}

func (d *download) tell(at, total int64) {
	if d.progress != nil && d.size > 0 {
		d.progress(int(at * 100 / total))
	}
}

// room refuses what would not fit.
func (d *download) room(need int64) error {
	free, err := d.free(d.folder)
	if err != nil {
		return err
	}
	if need+spareSpace > free {
		return fmt.Errorf("no space left in %s: the download needs %d MiB, and %d MiB are free", d.folder, (need+spareSpace)>>20, free>>20)
	}
	return nil
}

// verify compares a file with what the manifest promised.
func (d *download) verify(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	switch {
	case err != nil:
		return fmt.Errorf("read download: %w", err)
	case d.size > 0 && n != d.size:
		return fmt.Errorf("the bundle has %d bytes, and the manifest says %d", n, d.size)
	case d.sha256 != "" && hex.EncodeToString(sum.Sum(nil)) != strings.ToLower(d.sha256):
		return errors.New("the bundle is not the one the manifest promised: its sha256 is another")
	}
	return nil
}
