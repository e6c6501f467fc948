package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	// maxSocketPath is the longest path of a Unix socket on Linux:
	// sun_path of unix(7) without its closing zero.
	maxSocketPath = 107

	probeTimeout = time.Second
)

// RunningError says that the socket belongs to a live daemon.
type RunningError struct{ Path string }

func (e *RunningError) Error() string {
	return fmt.Sprintf("another intercomd is running on %s", e.Path)
}

// socketFile is a listening Unix socket together with the file that names it.
type socketFile struct {
	net.Listener
	path string
	info fs.FileInfo // of the file as made, to know it again
}

// listen makes the socket file with mode 0600, or 0660 and the group.
func listen(ctx context.Context, path, group string) (*socketFile, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("listen on %s: the path has %d bytes, a socket takes at most %d", path, len(path), maxSocketPath)
	}
	gid, err := lookupGroup(group)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("create folder of socket: %w", err)
	}
	if err := clearStale(ctx, path); err != nil {
		return nil, err
	}
	lc := net.ListenConfig{Control: privateFromBirth}
	l, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	// The file may have been replaced by the time the listener closes; remove
	// decides that by itself.
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	s := &socketFile{Listener: l, path: path}
	if err := s.open(gid); err != nil {
		return nil, errors.Join(err, l.Close(), os.Remove(path))
	}
	return s, nil
}

// privateFromBirth sets the mode of the socket before bind(2) makes its file:
// Linux gives the file the mode of the socket's inode, less the umask. There is
// no moment at which a wide umask lets others in.
func privateFromBirth(_, _ string, c syscall.RawConn) error {
	var chmodErr error
	err := c.Control(func(fd uintptr) { chmodErr = syscall.Fchmod(int(fd), 0o600) })
	return errors.Join(err, chmodErr)
}

// open gives the socket to the group, or to its owner alone when gid is -1,
// and notes which file it is.
func (s *socketFile) open(gid int) error {
	mode := fs.FileMode(0o600)
	if gid >= 0 {
		if err := os.Chown(s.path, -1, gid); err != nil {
			return fmt.Errorf("give socket to group: %w", err)
		}
		mode = 0o660
	}
	if err := os.Chmod(s.path, mode); err != nil {
		return fmt.Errorf("set mode of socket: %w", err)
	}
	info, err := os.Lstat(s.path)
	if err != nil {
		return fmt.Errorf("examine socket: %w", err)
	}
	s.info = info
	return nil
}

// remove deletes the file unless somebody has put another in its place.
func (s *socketFile) remove() error {
	info, err := os.Lstat(s.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(info, s.info) {
		return nil
	}
	if err == nil {
		err = os.Remove(s.path)
	}
	if err != nil {
		return fmt.Errorf("remove socket: %w", err)
	}
	return nil
}

// lookupGroup returns the id of a group given by name or number, -1 for none.
func lookupGroup(group string) (int, error) {
	if group == "" {
		return -1, nil
	}
	if gid, err := strconv.Atoi(group); err == nil && gid >= 0 {
		return gid, nil
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return 0, fmt.Errorf("control.group %q: %w", group, err)
	}
	gid, err := strconv.Atoi(g.Gid)
	if err != nil {
		return 0, fmt.Errorf("control.group %q: %w", group, err)
	}
	return gid, nil
}

// clearStale makes way for a new socket: nobody answers on the old one when its
// process is dead.
func clearStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("examine socket: %w", err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("listen on %s: it exists and is not a socket", path)
	}
	d := net.Dialer{Timeout: probeTimeout}
	conn, err := d.DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		return errors.Join(&RunningError{Path: path}, conn.Close())
	case errors.Is(err, syscall.EAGAIN): // its backlog is full, so somebody has it
		return &RunningError{Path: path}
	case errors.Is(err, fs.ErrNotExist): // it went by itself
		return nil
	case !errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("examine socket: %w", err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove stale socket: %w", err)
	}
	return nil
}
