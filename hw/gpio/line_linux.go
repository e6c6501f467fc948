package gpio

import (
	"context"
	"errors"
	"time"

	"github.com/warthog618/go-gpiocdev/uapi"
	"golang.org/x/sys/unix"
)

// requester asks a chip for a line; the kernel puts the line's descriptor into
// the request.
type requester interface {
	v2(r *uapi.LineRequest) error       // GPIO_V2_GET_LINE_IOCTL
	event(r *uapi.EventRequest) error   // GPIO_GET_LINEEVENT_IOCTL, version 1
	handle(r *uapi.HandleRequest) error // GPIO_GET_LINEHANDLE_IOCTL, version 1
}

// chipFD is the descriptor of an open chip.
type chipFD uintptr

func (c chipFD) v2(r *uapi.LineRequest) error       { return uapi.GetLine(uintptr(c), r) }
func (c chipFD) event(r *uapi.EventRequest) error   { return uapi.GetLineEvent(uintptr(c), r) }
func (c chipFD) handle(r *uapi.HandleRequest) error { return uapi.GetLineHandle(uintptr(c), r) }

// lineFD is the descriptor of a line, and how to talk to it.
type lineFD struct {
	fd int
	v1 bool
}

// value reads the level.
func (l lineFD) value() (bool, error) {
	if l.v1 {
		var data uapi.HandleData
		err := uapi.GetLineValues(uintptr(l.fd), &data)
		return data[0] != 0, err
	}
	values := uapi.LineValues{Mask: 1}
	err := uapi.GetLineValuesV2(uintptr(l.fd), &values)
	return values.Get(0) != 0, err
}

// setValue drives the level.
func (l lineFD) setValue(active bool) error {
	bit := 0
	if active {
		bit = 1
	}
	if l.v1 {
		return uapi.SetLineValues(uintptr(l.fd), uapi.HandleData{uint8(bit)})
	}
	return uapi.SetLineValuesV2(uintptr(l.fd), uapi.LineValues{Mask: 1, Bits: uapi.NewLineBitmap(bit)})
}

// inputLine is an [Input].
type inputLine struct {
	line   lineFD
	events *eventFD
	name   string
}

// Input implements [Board].
func (k kernel) Input(ctx context.Context, r InputRequest) (Input, bool, error) {
	var line lineFD
	var debounced bool
	err := k.request(r.Chip, r.Line, func(q requester, offset int) (err error) {
		line, debounced, err = requestInput(q, offset, r, k.v1)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	events, err := newEventFD(ctx, line.fd)
	if err != nil {
		return nil, false, err
	}
	return &inputLine{line: line, events: events, name: lineName(r.Chip, r.Line)}, debounced, nil
}

// requestInput asks for edges and debounce, then for edges alone, then does so
// by version 1.
func requestInput(q requester, offset int, r InputRequest, onlyV1 bool) (line lineFD, debounced bool, err error) {
	if !onlyV1 {
		request := inputV2(offset, r)
		err = q.v2(&request)
		if err == nil || !unsupported(err) {
			return lineFD{fd: int(request.Fd)}, r.Debounce > 0, err
		}
		request.Config.NumAttrs = 0
		request.Config.Attrs = [10]uapi.LineConfigAttribute{}
		err = q.v2(&request)
		if err == nil || !unsupported(err) {
			return lineFD{fd: int(request.Fd)}, false, err
		}
	}
	request := inputV1(offset, r)
	err = q.event(&request)
	return lineFD{fd: int(request.Fd), v1: true}, false, err
}

// queuedEdges is how many edges the kernel keeps for a process that is busy; by
// version 1 it is 16.
const queuedEdges = 256

func inputV2(offset int, r InputRequest) uapi.LineRequest {
	request := uapi.LineRequest{Lines: 1, EventBufferSize: queuedEdges}
	request.Offsets[0] = uint32(offset)
	copy(request.Consumer[:len(request.Consumer)-1], r.Consumer)
	request.Config.Flags = uapi.LineFlagV2Input | uapi.LineFlagV2EdgeBoth
	if r.ActiveLow {
		request.Config.Flags |= uapi.LineFlagV2ActiveLow
	}
	switch r.Bias {
	case BiasPullUp:
		request.Config.Flags |= uapi.LineFlagV2BiasPullUp
	case BiasPullDown:
		request.Config.Flags |= uapi.LineFlagV2BiasPullDown
	case BiasNone:
		request.Config.Flags |= uapi.LineFlagV2BiasDisabled
	}
	if r.Debounce > 0 {
		request.Config.AddAttribute(uapi.LineConfigAttribute{Attr: uapi.DebouncePeriod(r.Debounce).Encode(), Mask: 1})
	}
	return request
}

func inputV1(offset int, r InputRequest) uapi.EventRequest {
	request := uapi.EventRequest{
		Offset:      uint32(offset),
		HandleFlags: uapi.HandleRequestInput,
		EventFlags:  uapi.EventRequestBothEdges,
	}
	copy(request.Consumer[:len(request.Consumer)-1], r.Consumer)
	if r.ActiveLow {
		request.HandleFlags |= uapi.HandleRequestActiveLow
	}
	switch r.Bias {
	case BiasPullUp:
		request.HandleFlags |= uapi.HandleRequestPullUp
	case BiasPullDown:
		request.HandleFlags |= uapi.HandleRequestPullDown
	case BiasNone:
		request.HandleFlags |= uapi.HandleRequestBiasDisable
	}
	return request
}

// Wait implements [Input].
func (l *inputLine) Wait(until time.Time) (Edge, bool, error) {
	ready, err := l.events.wait(until)
	if err != nil {
		return Edge{}, false, l.lost(err)
	}
	if !ready {
		return Edge{}, false, nil
	}
	edge, err := l.read()
	if err != nil {
		return Edge{}, false, l.lost(err)
	}
	return edge, true, nil
}

// read reads an edge that is there.
func (l *inputLine) read() (Edge, error) {
	if l.line.v1 {
		e, err := uapi.ReadEvent(uintptr(l.line.fd))
		return Edge{Active: e.ID == uapi.EventRequestRisingEdge, Time: l.events.clock.time(int64(e.Timestamp))}, err
	}
	e, err := uapi.ReadLineEvent(uintptr(l.line.fd))
	return Edge{Active: e.ID == uapi.LineEventRisingEdge, Time: l.events.clock.time(int64(e.Timestamp))}, err
}

// Active implements [Input].
func (l *inputLine) Active() (bool, error) {
	active, err := l.line.value()
	if err != nil {
		return false, l.lost(err)
	}
	return active, nil
}

// Close implements [Input].
func (l *inputLine) Close() error { return l.events.close() }

func (l *inputLine) lost(err error) error { return lost(l.name, err) }

// lost says that a device that was open went away.
func lost(name string, err error) error {
	state := StateFailed
	if errors.Is(err, unix.ENODEV) {
		state = StateMissing
	}
	return &DeviceError{State: state, Text: name + " was lost; is it plugged in?", Err: err}
}

func lineName(chip, line string) string {
	if chip == "" {
		chip = "the header"
	}
	return "line " + line + " of chip " + chip
}

// outputLine is an [Output].
type outputLine struct {
	line lineFD
	name string
}

// Output implements [Board].
func (k kernel) Output(r OutputRequest) (Output, error) {
	var line lineFD
	err := k.request(r.Chip, r.Line, func(q requester, offset int) (err error) {
		line, err = requestOutput(q, offset, r, k.v1)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &outputLine{line: line, name: lineName(r.Chip, r.Line)}, nil
}

// requestOutput asks for an inactive output, by version 1 if it must be.
func requestOutput(q requester, offset int, r OutputRequest, onlyV1 bool) (lineFD, error) {
	if !onlyV1 {
		request := uapi.LineRequest{Lines: 1}
		request.Offsets[0] = uint32(offset)
		copy(request.Consumer[:len(request.Consumer)-1], r.Consumer)
		request.Config.Flags = uapi.LineFlagV2Output
		if r.ActiveLow {
			request.Config.Flags |= uapi.LineFlagV2ActiveLow
		}
		request.Config.AddAttribute(uapi.LineConfigAttribute{Attr: uapi.OutputValues(0).Encode(), Mask: 1})
		if err := q.v2(&request); err == nil || !unsupported(err) {
			return lineFD{fd: int(request.Fd)}, err
		}
	}
	request := uapi.HandleRequest{Lines: 1, Flags: uapi.HandleRequestOutput}
	request.Offsets[0] = uint32(offset)
	copy(request.Consumer[:len(request.Consumer)-1], r.Consumer)
	if r.ActiveLow {
		request.Flags |= uapi.HandleRequestActiveLow
	}
	err := q.handle(&request)
	return lineFD{fd: int(request.Fd), v1: true}, err
}

// Set implements [Output].
func (l *outputLine) Set(active bool) error {
	if err := l.line.setValue(active); err != nil {
		return lost(l.name, err)
	}
	return nil
}

// Close implements [Output].
func (l *outputLine) Close() error { return unix.Close(l.line.fd) }
