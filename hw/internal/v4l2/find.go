package v4l2

import (
	"errors"
	"slices"
)

// Info is a node that could be opened, as it was then.
type Info struct {
	Path       string
	Capability Capability
	// Capture and Output are what the queues can carry; Output is empty for
	// cameras.
	Capture, Output []FormatInfo
}

// Makes reports whether the node's CAPTURE queue can carry a format.
func (i Info) Makes(format FourCC) bool { return contains(i.Capture, format) }

// Takes reports whether the node's OUTPUT queue can carry a format.
func (i Info) Takes(format FourCC) bool { return contains(i.Output, format) }

func contains(list []FormatInfo, format FourCC) bool {
	return slices.ContainsFunc(list, func(f FormatInfo) bool { return f.FourCC == format })
}

// Inspect opens a node, asks what it is, and closes it.
func Inspect(sys System, path string) (Info, error) {
	d, err := Open(sys, path)
	if err != nil {
		return Info{}, err
	}
	defer d.Close()
	info := Info{Path: path, Capability: d.Capability()}
	if info.Capture, err = d.Formats(QueueCapture); err != nil {
		return Info{}, err
	}
	if d.Capability().IsCodec() {
		if info.Output, err = d.Formats(QueueOutput); err != nil {
			return Info{}, err
		}
	}
	return info, nil
}

// inspectAll inspects every node. Those that cannot be opened are left out, and
// err tells about each.
func inspectAll(sys System) (infos []Info, err error) {
	paths, err := sys.Nodes()
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, path := range paths {
		info, err := Inspect(sys, path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		infos = append(infos, info)
	}
	return infos, errors.Join(errs...)
}

// Cameras lists the nodes that stream pictures. err tells about each node that
// could not be asked; the others are returned all the same.
func Cameras(sys System) ([]Info, error) {
	return filter(sys, func(i Info) bool { return i.Capability.IsCamera() })
}

// Encoders lists the codecs that make a compressed format of raw pictures, and
// errors as [Cameras] does.
func Encoders(sys System, output FourCC) ([]Info, error) {
	return filter(sys, func(i Info) bool {
		return i.Capability.IsCodec() && i.Makes(output) && slices.ContainsFunc(i.Output, raw)
	})
}

// Decoders lists the codecs that make raw pictures of a compressed format, and
// errors as [Cameras] does.
func Decoders(sys System, input FourCC) ([]Info, error) {
	return filter(sys, func(i Info) bool {
		return i.Capability.IsCodec() && i.Takes(input) && slices.ContainsFunc(i.Capture, raw)
	})
}

func raw(f FormatInfo) bool { return minStride(f.FourCC, 2) != 0 }

func filter(sys System, keep func(Info) bool) ([]Info, error) {
	all, err := inspectAll(sys)
	return slices.DeleteFunc(all, func(i Info) bool { return !keep(i) }), err
}
