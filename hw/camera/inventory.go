package camera

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/intercomd/intercomd/hw/camera/internal/plan"
	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// inventory asks every video node what it is. A node that cannot be asked is
// left out, and its error is in the map.
func (h host) inventory() (nodes []plan.Node, failed map[string]error, err error) {
	paths, err := h.sys.Nodes()
	if err != nil {
		return nil, nil, fmt.Errorf("list video nodes: %w", err)
	}
	links := h.links()
	failed = map[string]error{}
	for _, path := range paths {
		n, err := h.ask(path)
		if err != nil {
			failed[path] = err
			continue
		}
		n.Link = links[path]
		nodes = append(nodes, n)
	}
	return nodes, failed, nil
}

// ask opens a node and asks what it is and what it can.
func (h host) ask(path string) (plan.Node, error) {
	d, err := v4l2.Open(h.sys, path)
	if err != nil {
		return plan.Node{}, err
	}
	n, err := describe(d)
	return n, errors.Join(err, d.Close())
}

func describe(d *v4l2.Device) (plan.Node, error) {
	c := d.Capability()
	n := plan.Node{
		Path: d.Path(), Name: c.Card, Driver: c.Driver, Bus: c.Bus,
		Capture: c.IsCamera(), M2M: c.IsCodec(), Meta: c.Flags&uapi.V4L2_CAP_META_CAPTURE != 0,
	}
	if !n.Capture && !n.M2M {
		return n, nil
	}
	formats, err := d.Formats(v4l2.QueueCapture)
	if err != nil {
		return n, err
	}
	for _, f := range formats {
		described, err := describeFormat(d, n, f.FourCC)
		if err != nil {
			return n, err
		}
		n.Formats = append(n.Formats, described)
	}
	if n.M2M {
		return n, describeInputs(d, &n)
	}
	has := func(id v4l2.ControlID) bool { _, err := d.Control(id); return err == nil }
	n.HFlip, n.VFlip, n.Rotate = has(v4l2.ControlHFlip), has(v4l2.ControlVFlip), has(v4l2.ControlRotate)
	return n, nil
}

func describeInputs(d *v4l2.Device, n *plan.Node) error {
	inputs, err := d.Formats(v4l2.QueueOutput)
	for _, f := range inputs {
		n.Inputs = append(n.Inputs, f.FourCC.String())
	}
	return err
}

// used are the formats whose sizes matter.
var used = [...]string{plan.H264, plan.MJPG, plan.JPEG, plan.NV12, plan.YU12, plan.YUYV}

// describeFormat asks for the sizes and rates of a camera's format.
func describeFormat(d *v4l2.Device, n plan.Node, fourCC v4l2.FourCC) (plan.Format, error) {
	f := plan.Format{FourCC: fourCC.String()}
	if n.M2M || !slices.Contains(used[:], f.FourCC) {
		return f, nil
	}
	sizes, err := d.FrameSizes(fourCC)
	if err != nil {
		return f, err
	}
	for _, s := range sizes {
		if !s.Discrete() {
			f.Range = &plan.Range{
				MinWidth: s.MinWidth, MaxWidth: s.MaxWidth, StepWidth: s.StepWidth,
				MinHeight: s.MinHeight, MaxHeight: s.MaxHeight, StepHeight: s.StepHeight,
			}
			continue
		}
		intervals, err := d.FrameIntervals(fourCC, s.MinWidth, s.MinHeight)
		if err != nil {
			return f, err
		}
		f.Sizes = append(f.Sizes, plan.Size{Width: s.MinWidth, Height: s.MinHeight, Rates: rates(intervals)})
	}
	if len(sizes) == 0 { // a driver that does not tell takes what it is given
		f.Range = &plan.Range{MinWidth: MinSize, MaxWidth: MaxSize, StepWidth: 2, MinHeight: MinSize, MaxHeight: MaxSize, StepHeight: 2}
	}
	return f, nil
}

// common are the rates looked for in a range, in frames a second.
var common = [...]float64{1, 5, 10, 15, 20, 24, 25, 30, 50, 60}

// rates lists frame rates, the highest first. Of a range, the common ones.
func rates(intervals []v4l2.FrameInterval) []float64 {
	var list []float64
	for _, i := range intervals {
		low, high := i.Max.FPS(), i.Min.FPS()
		list = append(list, high)
		for _, r := range common {
			if r >= low && r < high {
				list = append(list, r)
			}
		}
	}
	list = slices.DeleteFunc(list, func(r float64) bool { return r <= 0 || math.IsInf(r, 0) })
	slices.Sort(list)
	slices.Reverse(list)
	return slices.Compact(list)
}
