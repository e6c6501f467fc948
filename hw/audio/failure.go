package audio

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// advise says what an error of a sound device means and what to do. The path
// is the device's; the caller names it.
func advise(sys alsa.System, path string, err error) error {
	if inPath := (*fs.PathError)(nil); errors.As(err, &inPath) {
		err = inPath.Err // the caller names the path
	}
	switch {
	case errors.Is(err, unix.EBUSY):
		holder := alsa.Holder(sys, path)
		if holder == "" {
			holder = "another program"
		}
		return fmt.Errorf("%s holds it, stop that: %w", holder, err)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: add the user to group audio", err)
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("%w: plug the card in, `intercomd devices` lists what is there", err)
	case errors.Is(err, unix.ENODEV):
		return fmt.Errorf("the card is gone, plug it in again: %w", err)
	case errors.Is(err, alsa.ErrNotDevice), errors.Is(err, alsa.ErrFormat):
		return fmt.Errorf("%w: choose another, `intercomd devices` lists what is there", err)
	}
	return err
}
