package alsatest

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// System is a machine with sound cards.
type System struct {
	mu     sync.Mutex
	cards  []*Card
	files  map[string][]byte // of /proc
	denied map[string]error
	faults map[uintptr]*fault
	open   int
	began  time.Time
}

// fault is an error that the next requests of a kind get.
type fault struct {
	err  error
	left int
}

var _ alsa.System = (*System)(nil)

// NewSystem makes a machine with cards.
func NewSystem(cards ...*Card) *System {
	s := &System{
		files: map[string][]byte{}, denied: map[string]error{}, faults: map[uintptr]*fault{}, began: time.Now(),
	}
	for _, c := range cards {
		s.Plug(c)
	}
	return s
}

// Plug puts a card in.
func (s *System) Plug(c *Card) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.plug(s)
	s.cards = append(s.cards, c)
}

// Unplug pulls a card out: its nodes vanish, its streams are disconnected.
func (s *System) Unplug(c *Card) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cards = slices.DeleteFunc(s.cards, func(x *Card) bool { return x == c })
	for _, st := range c.streams {
		st.update()
		st.state = alsa.StateDisconnected
	}
}

// Deny lets opening a path fail.
func (s *System) Deny(path string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied[path] = err
}

// Fail lets the next times requests of a kind fail. A negative number is for
// ever.
func (s *System) Fail(request uintptr, err error, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[request] = &fault{err: err, left: times}
}

// SetFile gives a file of /proc a content.
func (s *System) SetFile(path, content string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[path] = []byte(content)
}

// OpenFiles counts the descriptors that are open.
func (s *System) OpenFiles() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Open implements alsa.System.
func (s *System) Open(path string) (alsa.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.denied[path]; err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	f, err := s.find(path)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	s.open++
	return f, nil
}

func (s *System) find(path string) (*file, error) {
	for _, c := range s.cards {
		if path == alsa.ControlPath(c.Number) {
			return &file{sys: s, card: c}, nil
		}
		for _, st := range c.streams {
			if path != alsa.PCMPath(c.Number, 0, st.direction) {
				continue
			}
			if st.owner != nil {
				return nil, unix.EBUSY
			}
			f := &file{sys: s, card: c, stream: st}
			st.owner, st.state = f, alsa.StateOpen
			return f, nil
		}
	}
	return nil, unix.ENOENT
}

// ReadDir implements alsa.System.
func (s *System) ReadDir(path string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if path != "/dev/snd" || len(s.cards) == 0 {
		return nil, &fs.PathError{Op: "open", Path: path, Err: unix.ENOENT}
	}
	names := []string{"timer", "seq"}
	for _, c := range s.cards {
		names = append(names, fmt.Sprintf("controlC%d", c.Number))
	}
	return names, nil
}

// ReadFile implements alsa.System.
func (s *System) ReadFile(path string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if content, ok := s.files[path]; ok {
		return content, nil
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: unix.ENOENT}
}

// file is a descriptor: of a stream, or of a card's controls.
type file struct {
	sys    *System
	card   *Card
	stream *stream // nil for controls
	closed bool
}

// Ioctl implements alsa.File.
func (f *file) Ioctl(request uintptr, arg unsafe.Pointer) error {
	f.sys.mu.Lock()
	defer f.sys.mu.Unlock()
	if f.closed {
		return unix.EBADF
	}
	if ft := f.sys.faults[request]; ft != nil && ft.left != 0 {
		ft.left--
		return ft.err
	}
	if f.stream == nil {
		return f.card.control(request, arg)
	}
	return f.stream.request(request, arg)
}

// Link implements alsa.File.
func (f *file) Link(other alsa.File) error {
	f.sys.mu.Lock()
	defer f.sys.mu.Unlock()
	o, ok := other.(*file)
	if !ok || f.closed || o.closed {
		return unix.EBADF
	}
	if ft := f.sys.faults[alsa.IoctlLink]; ft != nil && ft.left != 0 {
		ft.left--
		return ft.err
	}
	return f.stream.link(o.stream)
}

// Close implements alsa.File.
func (f *file) Close() error {
	f.sys.mu.Lock()
	defer f.sys.mu.Unlock()
	if f.closed {
		return nil
	}
	f.closed = true
	f.sys.open--
	if st := f.stream; st != nil && st.owner == f {
		st.update()
		st.unlink()
		st.stop(alsa.StateOpen)
		st.owner = nil
	}
	return nil
}

// put writes a C string.
func put(field []byte, s string) { copy(field, strings.TrimRight(s, "\x00")) }
