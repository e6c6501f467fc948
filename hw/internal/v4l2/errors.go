package v4l2

import (
	"errors"
	"fmt"
	"syscall"
)

// What callers tell apart, besides the kernel's error numbers.
var (
	// ErrNoFrame is a camera that streams and delivers no picture.
	ErrNoFrame = errors.New("no picture from the camera")
	// ErrStalled is a codec that takes pictures and gives none back.
	ErrStalled = errors.New("the codec takes pictures and gives none back")
	// ErrImport is a dma-buf a codec cannot use as it lies in memory; a copy
	// still works ([Encoder.UseCopies]).
	ErrImport = errors.New("the codec cannot use this memory without a copy")
	// ErrNoControl is a control the device does not have.
	ErrNoControl = errors.New("no such control")
	// ErrDraining is a picture given to a codec after [Encoder.Drain].
	ErrDraining = errors.New("the codec is being drained")

	errNotADevice = errors.New("not a video device")
	errTooMany    = errors.New("the driver lists no end")
)

// Unplugged reports whether an error says that the device is gone.
func Unplugged(err error) bool {
	return errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.ENXIO)
}

// fail names what was tried on which node.
func (d *Device) fail(verb string, err error) error {
	return fmt.Errorf("%s %s: %w", verb, d.path, err)
}
