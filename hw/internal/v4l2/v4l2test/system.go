package v4l2test

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
	"unsafe"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// firstDescriptor is the first number of a descriptor, far from real ones.
const firstDescriptor = 1000

// System is a simulated kernel. One lock guards all of it.
type System struct {
	mu       sync.Mutex
	devices  map[string]*Device
	exports  map[int]*memory // dma-bufs by descriptor
	nextFD   int
	nodes    int
	mappings int
	synced   int
	changed  chan struct{} // closed and replaced when a wait should look again
}

// New makes a kernel without devices.
func New() *System {
	return &System{devices: map[string]*Device{}, exports: map[int]*memory{}, nextFD: firstDescriptor, changed: make(chan struct{})}
}

// Plug adds a device under a path. A path can be plugged again after Unplug.
func (s *System) Plug(path string, d *Device) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.sys, d.gone = s, false
	s.devices[path] = d
	s.notify()
}

// Unplug removes a device: its node vanishes, and open ones fail with ENODEV.
func (s *System) Unplug(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.devices[path]; d != nil {
		d.gone = true
		d.owner = nil
	}
	delete(s.devices, path)
	s.notify()
}

// Left tells what is still open: nodes, dma-bufs and mappings; nil when nothing
// is.
func (s *System) Left() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.nodes == 0 && len(s.exports) == 0 && s.mappings == 0 {
		return nil
	}
	return fmt.Errorf("%d nodes, %d dma-bufs and %d mappings are left", s.nodes, len(s.exports), s.mappings)
}

// Synced counts DMA_BUF_IOCTL_SYNC.
func (s *System) Synced() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.synced
}

// notify wakes every wait. The caller holds mu.
func (s *System) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Nodes implements [v4l2.System].
func (s *System) Nodes() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	paths := make([]string, 0, len(s.devices))
	for path := range s.devices {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths, nil
}

// Open implements [v4l2.System].
func (s *System) Open(path string) (v4l2.Node, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.devices[path]
	if d == nil {
		return nil, syscall.ENOENT
	}
	if d.openErr != 0 {
		return nil, d.openErr
	}
	s.nodes++
	return d.open(), nil
}

// Adopt implements [v4l2.System] for descriptors of dma-bufs.
func (s *System) Adopt(fd int) v4l2.Node { return &dmabuf{sys: s, fd: fd} }

// memory is what a buffer lies in. It outlives the buffer while it is mapped or
// exported.
type memory struct {
	data []byte
	maps int
}

// dmabuf is an adopted descriptor.
type dmabuf struct {
	v4l2.Waiter // nil: a dma-buf is not waited for
	sys         *System
	fd          int
}

// Ioctl implements [v4l2.Node].
func (d *dmabuf) Ioctl(request uintptr, _ unsafe.Pointer) error {
	d.sys.mu.Lock()
	defer d.sys.mu.Unlock()
	switch {
	case d.sys.exports[d.fd] == nil:
		return os.ErrClosed
	case request != uapi.DMA_BUF_IOCTL_SYNC:
		return syscall.ENOTTY
	}
	d.sys.synced++
	return nil
}

// Map implements [v4l2.Node].
func (d *dmabuf) Map(_ int64, length int) ([]byte, func() error, error) {
	d.sys.mu.Lock()
	defer d.sys.mu.Unlock()
	m := d.sys.exports[d.fd]
	if m == nil {
		return nil, nil, os.ErrClosed
	}
	return d.sys.mapMemory(m, length)
}

// Close implements [v4l2.Node].
func (d *dmabuf) Close() error {
	d.sys.mu.Lock()
	defer d.sys.mu.Unlock()
	if d.sys.exports[d.fd] == nil {
		return os.ErrClosed
	}
	delete(d.sys.exports, d.fd)
	return nil
}

// mapMemory counts a mapping. The caller holds mu.
func (s *System) mapMemory(m *memory, length int) ([]byte, func() error, error) {
	if length <= 0 || length > len(m.data) {
		return nil, nil, syscall.EINVAL
	}
	m.maps++
	s.mappings++
	unmapped := false
	return m.data[:length:length], func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if unmapped {
			return syscall.EINVAL
		}
		unmapped = true
		m.maps--
		s.mappings--
		if m.maps == 0 {
			for i := range m.data {
				m.data[i] = 0xdb
			}
		}
		return nil
	}, nil
}
