package rpicam

import (
	"strconv"
	"time"

	"github.com/intercomd/intercomd/hw/camera/internal/picture"
)

// Config says what the child is to do.
type Config struct {
	Program       string // path of rpicam-vid
	Camera        int    // index, as rpicam-hello --list-cameras counts
	Width, Height int    // pixels
	FPS           int
	HFlip, VFlip  bool
	// H264 has the child encode, at Bitrate bit/s and with a key frame every
	// KeyFrames pictures; otherwise it gives raw pictures.
	H264      bool
	Bitrate   int
	KeyFrames int
	// FrameTimeout is how long no picture is an error; 0 is 3 s.
	FrameTimeout time.Duration
}

// Args are the child's arguments.
func Args(c Config) []string {
	args := []string{
		"--timeout", "0", "--nopreview", "--camera", strconv.Itoa(c.Camera),
		"--width", strconv.Itoa(c.Width), "--height", strconv.Itoa(c.Height), "--framerate", strconv.Itoa(c.FPS),
	}
	if c.HFlip {
		args = append(args, "--hflip")
	}
	if c.VFlip {
		args = append(args, "--vflip")
	}
	if c.H264 {
		args = append(args,
			"--codec", "h264", "--inline", "--profile", "baseline", "--libav-format", "h264",
			"--bitrate", strconv.Itoa(c.Bitrate), "--intra", strconv.Itoa(c.KeyFrames))
	} else {
		args = append(args, "--codec", "yuv420")
	}
	return append(args, "--flush", "--output", "-")
}

// alignment of lines in libcamera's raw pictures on Raspberry Pi boards, in
// bytes of luma.
const alignment = 64

// Layout is how the child's raw pictures lie in memory: lines are padded.
func Layout(width, height int) picture.Layout {
	return picture.Layout{FourCC: "YU12", Width: width, Height: height, Stride: (width + alignment - 1) / alignment * alignment}
}
