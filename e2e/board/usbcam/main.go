package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"
)

// attachFile is where vhci-hcd takes "port socket device-id speed".
const attachFile = "/sys/devices/platform/vhci_hcd.0/attach"

// deviceID is bus 1, device 1 of the far side; highSpeed is USB_SPEED_HIGH.
const (
	deviceID  = 1<<16 | 1
	highSpeed = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "usbcam:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var o options
	flags := pflag.NewFlagSet("usbcam", pflag.ContinueOnError)
	file := flags.String("h264", "", "Annex B with access unit delimiters")
	flags.IntVar(&o.width, "width", 640, "pixels")
	flags.IntVar(&o.height, "height", 360, "pixels")
	flags.IntVar(&o.fps, "fps", 15, "frames per second")
	flags.BoolVar(&o.silent, "silent", false, "never deliver a frame")
	jpegOnly := flags.Bool("jpeg-only", false, "have no H.264")
	port := flags.Int("port", 0, "port of the virtual host controller")
	if err := flags.Parse(args); err != nil {
		return err
	}
	stream, err := os.ReadFile(*file)
	if err != nil {
		return fmt.Errorf("read H.264: %w", err)
	}
	units := accessUnits(stream)
	if len(units) == 0 {
		return fmt.Errorf("read H.264: no access unit delimiter in %s", *file)
	}
	pictures, err := pattern(o.width, o.height)
	if err != nil {
		return err
	}
	o.frames = map[format][][]byte{formatH264: units, formatJPEG: pictures}
	if o.formats = []format{formatH264, formatJPEG}; *jpegOnly {
		o.formats = o.formats[1:]
	}
	socket, err := attach(*port)
	if err != nil {
		return err
	}
	fmt.Println("plugged in")
	return newCamera(o, socket).run(ctx)
}

// attach plugs a device into the virtual host controller and returns its end of
// the cable.
func attach(port int) (io.ReadWriteCloser, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make cable: %w", err)
	}
	// Through the runtime's poller, so that closing it ends a read.
	if err := unix.SetNonblock(pair[0], true); err != nil {
		return nil, errors.Join(fmt.Errorf("make cable: %w", err), unix.Close(pair[0]), unix.Close(pair[1]))
	}
	ours := os.NewFile(uintptr(pair[0]), "usbip")
	line := fmt.Sprintf("%d %d %d %d", port, pair[1], deviceID, highSpeed)
	err = os.WriteFile(attachFile, []byte(line), 0o200)
	err = errors.Join(err, unix.Close(pair[1])) // the kernel has its own reference
	if err != nil {
		return nil, errors.Join(fmt.Errorf("plug in: %w", err), ours.Close())
	}
	return ours, nil
}
