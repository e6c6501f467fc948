package pipeline

import "sync/atomic"

// Counters counts over the life of a camera, whatever was opened in between.
// The zero value is ready. It may be read and written from any goroutine.
type Counters struct {
	frames, dropped, damaged, copies, imports, bytes, raw atomic.Uint64
	keyFrames, keyFramesForced, bitrateChanges            atomic.Uint64
	opened, lost, fallbacks                               atomic.Uint64
	route                                                 atomic.Value // string
}

// Stats are the counters at one time.
type Stats struct {
	Route          string `json:"route"`             // the one in use or used last
	Frames         uint64 `json:"frames"`            // delivered
	Dropped        uint64 `json:"dropped"`           // left out because something was slow, a reader included
	Damaged        uint64 `json:"damaged"`           // left out because they were broken
	Copies         uint64 `json:"copies"`            // of whole raw pictures, by the processor
	Imports        uint64 `json:"imports"`           // pictures given to an encoder without a copy
	Bytes          uint64 `json:"bytes"`             // of encoded pictures
	Raw            uint64 `json:"raw"`               // raw pictures made beside encoded ones
	KeyFrames      uint64 `json:"key_frames"`        // delivered
	KeyForced      uint64 `json:"key_frames_forced"` // asked of the encoder
	BitrateChanges uint64 `json:"bitrate_changes"`
	Opened         uint64 `json:"opened"`
	Reopened       uint64 `json:"reopened"` // after the camera was lost
	Fallbacks      uint64 `json:"fallbacks"`
}

// Stats returns the counters.
func (c *Counters) Stats() Stats {
	route, _ := c.route.Load().(string)
	return Stats{
		Route: route, Frames: c.frames.Load(), Dropped: c.dropped.Load(), Damaged: c.damaged.Load(),
		Copies: c.copies.Load(), Imports: c.imports.Load(), Bytes: c.bytes.Load(), Raw: c.raw.Load(),
		KeyFrames: c.keyFrames.Load(), KeyForced: c.keyFramesForced.Load(), BitrateChanges: c.bitrateChanges.Load(),
		Opened: c.opened.Load(), Reopened: c.lost.Load(), Fallbacks: c.fallbacks.Load(),
	}
}

// Fallback notes that a route was given up for another.
func (c *Counters) Fallback() { c.fallbacks.Add(1) }

// Reopened notes that a camera came back after it was lost.
func (c *Counters) Reopened() { c.lost.Add(1) }
