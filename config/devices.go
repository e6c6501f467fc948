package config

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

func (c *checker) camera() Camera {
	in := c.raw.Camera
	return Camera{
		Source:     c.source("camera.source", in.Source, cameraSpecs()),
		Width:      c.even("camera.width", in.Width, 1920),
		Height:     c.even("camera.height", in.Height, 1080),
		FPS:        c.inRange("camera.fps", in.FPS, 1, 60),
		Bitrate:    c.inRange("camera.bitrate", in.Bitrate, 100_000, 8_000_000),
		Rotation:   c.rotation("camera.rotation", in.Rotation),
		Mirror:     in.Mirror,
		Exposure:   c.optional("camera.exposure", in.Exposure, 0, 1_000_000),
		Brightness: c.optional("camera.brightness", in.Brightness, -1_000_000, 1_000_000),
		PowerLine:  c.powerLine("camera.power_line_frequency", string(in.PowerLineFrequency)),
	}
}

// minSize is the least width and height of a picture that encoders take.
const minSize = 64

// even checks a size in pixels: chroma is sampled at half the size.
func (c *checker) even(key string, n, high int64) int {
	if n < minSize || n > high || n%2 != 0 {
		c.problemf(key, "%d is not a size, allowed are even numbers from %d to %d", n, minSize, high)
	}
	return int(n)
}

func (c *checker) rotation(key string, n int64) int {
	if n != 0 && n != 90 && n != 180 && n != 270 {
		c.problemf(key, "%d is not a rotation, allowed are 0, 90, 180, 270", n)
		return 0
	}
	return int(n)
}

func (c *checker) powerLine(key, s string) string {
	if s == "" {
		return ""
	}
	return oneOf(c, key, s, "off", "50", "60", "auto")
}

// optional checks a number that need not be there.
func (c *checker) optional(key string, n *int64, low, high int64) *int {
	if n == nil {
		return nil
	}
	checked := c.inRange(key, *n, low, high)
	return &checked
}

func (c *checker) audio() Audio {
	in := c.raw.Audio
	if in.Period != 10*time.Millisecond && in.Period != 20*time.Millisecond {
		c.problemf("audio.period", "%v is not a period, allowed are 10ms, 20ms", in.Period)
	}
	capture, playback := c.source("audio.capture", in.Capture, captureSpecs()), c.source("audio.playback", in.Playback, playbackSpecs())
	if c.raw.AutoAccept.Enabled {
		c.announcement(capture, playback)
	}
	return Audio{
		Capture:        capture,
		Playback:       playback,
		CaptureVolume:  c.optional("audio.capture_volume", in.CaptureVolume, 0, 100),
		PlaybackVolume: c.optional("audio.playback_volume", in.PlaybackVolume, 0, 100),
		Period:         in.Period,
		Tones:          in.Tones,
		Announce:       in.Announce,
	}
}

// announcement checks that people at the door hear when a call is answered by
// itself.
func (c *checker) announcement(capture, playback Source) {
	in := c.raw.Audio
	if !in.Announce {
		c.problemf("audio.announce", "false would let the callers of auto_accept watch and listen unnoticed, allowed is true while auto_accept.enabled is")
	}
	if in.PlaybackVolume != nil && *in.PlaybackVolume == 0 {
		c.problemf("audio.playback_volume", "0 would let the callers of auto_accept watch and listen unnoticed, allowed is 1 to 100 while auto_accept.enabled is")
	}
	camera := c.raw.Camera.Source
	films := camera != string(SourceTest) && camera != string(SourceNone) && !strings.HasPrefix(camera, "file:")
	if playback.Kind == SourceNull && (films || capture.Kind == SourceDevice) {
		c.warnf("audio.playback", "null keeps everybody from hearing that auto_accept has answered a call, better is a speaker")
	}
}

// specs says which texts name a source or sink.
type specs struct {
	kinds    []SourceKind           // words with a meaning of their own
	device   func(name string) bool // whether it can be a device of the kernel
	file     func(c *checker, key, path string) string
	spelling string // of devices, for errors
}

func cameraSpecs() specs {
	return specs{
		kinds: []SourceKind{SourceTest, SourceNone}, device: isCamera, file: (*checker).existing,
		spelling: "auto, usb, csi, usb:NAME, csi:NAME, /dev/NAME",
	}
}

func captureSpecs() specs {
	return specs{
		kinds: []SourceKind{SourceTest, SourceNone}, device: isSoundCard, file: (*checker).existing,
		spelling: "auto, hw:CARD,DEVICE, /dev/snd/NAME, the name of a card",
	}
}

func playbackSpecs() specs {
	s := captureSpecs()
	s.kinds, s.file = []SourceKind{SourceNull}, (*checker).inFolder
	return s
}

// source reads a source or a sink. Whether a device is there is not asked: it
// may come later.
func (c *checker) source(key, s string, allowed specs) Source {
	if path, ok := strings.CutPrefix(s, "file:"); ok && path != "" {
		return Source{Kind: SourceFile, Path: allowed.file(c, key, path)}
	}
	if slices.Contains(allowed.kinds, SourceKind(s)) {
		return Source{Kind: SourceKind(s)}
	}
	if isReserved(s) || !allowed.device(s) {
		var words []string
		for _, kind := range allowed.kinds {
			words = append(words, string(kind))
		}
		c.problemf(key, "%s is unknown, allowed are %s, file:PATH, %s", quote(s), strings.Join(words, ", "), allowed.spelling)
	}
	return Source{Kind: SourceDevice, Name: s}
}

// isReserved says whether a text means something that is not a device, if not
// here then for another key.
func isReserved(s string) bool {
	words := []SourceKind{SourceTest, SourceFile, SourceDevice, SourceNone, SourceNull}
	return slices.Contains(words, SourceKind(s)) || strings.HasPrefix(s, "file:")
}

const maxDeviceName = 200 // characters

func isCamera(s string) bool {
	kind, name, named := strings.Cut(s, ":")
	switch {
	case !isDeviceName(s):
		return false
	case s == "auto":
		return true
	case kind == "usb" || kind == "csi":
		return !named || name != ""
	}
	return isUnder(s, "/dev/")
}

func isSoundCard(s string) bool {
	switch {
	case !isDeviceName(s):
		return false
	case strings.HasPrefix(s, "hw:"):
		return regexp.MustCompile(`^hw:[\w-]{1,15}(,\d{1,2})?$`).MatchString(s)
	case strings.Contains(s, "/"):
		return isUnder(s, "/dev/snd/")
	}
	return true
}

func isDeviceName(s string) bool {
	return isLine(s) && strings.TrimSpace(s) == s && utf8.RuneCountInString(s) <= maxDeviceName
}

// isUnder says whether s is the path of something in a folder.
func isUnder(s, folder string) bool {
	rest, ok := strings.CutPrefix(s, folder)
	return ok && rest != "" && !slices.Contains(strings.Split(rest, "/"), "..")
}
