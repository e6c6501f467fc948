package camera_test

import (
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/mediadevices"
	"github.com/pion/mediadevices/pkg/codec"
	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"

	"github.com/intercomd/intercomd/hw/camera"
	"github.com/intercomd/intercomd/hw/camera/cameratest"
)

func register(t *testing.T, cfg camera.Config) string {
	t.Helper()
	id, unregister, err := camera.Register(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(unregister)
	return id
}

// copyOf puts a recording into a temporary folder.
func copyOf(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRegisterRefuses(t *testing.T) {
	tests := []struct {
		cfg  camera.Config
		want string
	}{
		{camera.Config{Source: "", Width: 640, Height: 480, FPS: 30}, `register camera "": unknown source`},
		{camera.Config{Source: "tset", Width: 640, Height: 480, FPS: 30}, `register camera "tset": unknown source`},
		{camera.Config{Source: "file:", Width: 640, Height: 480, FPS: 30}, "file: without a path"},
		{camera.Config{Source: "file:a.mp4", FPS: 30}, "unknown kind of file, want .h264, .264 or .ivf"},
		{camera.Config{Source: "file:a.ivf", FPS: 0}, "fps 0 is not from 1 to 120"},
		{camera.Config{Source: "test", Width: 640, Height: 480, FPS: 121}, "fps 121"},
		{camera.Config{Source: "test", Width: 641, Height: 480, FPS: 30}, "width 641 is not an even number from 64 to 4096"},
		{camera.Config{Source: "test", Width: 640, Height: 62, FPS: 30}, "height 62"},
		{camera.Config{Source: "test", Width: 5000, Height: 480, FPS: 30}, "width 5000"},
	}
	for _, tt := range tests {
		before := len(driver.GetManager().Query(driver.FilterVideoRecorder()))
		_, _, err := camera.Register(tt.cfg)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: error %v, want %q", tt.cfg, err, tt.want)
		}
		if after := len(driver.GetManager().Query(driver.FilterVideoRecorder())); after != before {
			t.Errorf("%+v: a driver was registered", tt.cfg)
		}
	}
}

func TestUnregister(t *testing.T) {
	id, unregister, err := camera.Register(camera.Config{Source: "test", Width: 64, Height: 64, FPS: 1})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(driver.GetManager().Query(driver.FilterID(id))); n != 1 {
		t.Fatalf("%d drivers with the id, want 1", n)
	}
	unregister()
	if n := len(driver.GetManager().Query(driver.FilterID(id))); n != 0 {
		t.Errorf("%d drivers after unregister", n)
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	folder := filepath.Join(dir, "folder.ivf")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(dir, "fifo.h264")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	big := write("big.h264", nil)
	if err := os.Truncate(big, camera.MaxFileSize+1); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ source, want string }{
		{"test", ""},
		{"file:" + copyOf(t, "baseline.h264"), ""},
		{"file:" + copyOf(t, "vp8.ivf"), ""},
		{"file:/nonexistent/x.h264", `open camera "file:/nonexistent/x.h264": no such file or directory`},
		{"file:/nonexistent/x", `open camera "file:/nonexistent/x": unknown kind of file`},
		{"webcam", `open camera "webcam": unknown source`},
		{"file:" + folder, "is a directory"},
		{"file:" + fifo, "not a regular file"},
		{"file:" + big, "bigger than 64 MiB"},
		{"file:" + write("empty.h264", nil), "file is empty"},
		{"file:" + write("junk.h264", []byte("junk")), "not an H.264 byte stream"},
		{"file:" + write("junk.ivf", []byte("junk")), "not an IVF file"},
		{"file:" + write("noidr.264", []byte("\x00\x00\x01\x61\x80S")), "no key frame"},
	}
	for _, tt := range tests {
		err := camera.Check(tt.source)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("Check(%q) = %v", tt.source, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("Check(%q) = %v, want %q", tt.source, err, tt.want)
		}
	}
}

// numbers is a codec whose encoder writes the frame number of the pictures it
// gets, or the payload of encoded ones.
type numbers struct{ codec *codec.RTPCodec }

func (n numbers) RTPCodec() *codec.RTPCodec { return n.codec }

func (n numbers) BuildVideoEncoder(r video.Reader, p prop.Media) (codec.ReadCloser, error) {
	return &numberEncoder{reader: r}, nil
}

type numberEncoder struct{ reader video.Reader }

func (e *numberEncoder) Read() ([]byte, func(), error) {
	img, release, err := e.reader.Read()
	if err != nil {
		return nil, nil, err
	}
	defer release()
	if encoded, ok := img.(interface{ Payload() []byte }); ok {
		return encoded.Payload(), func() {}, nil
	}
	number, ok := cameratest.FrameNumber(img)
	if !ok {
		return nil, nil, io.ErrUnexpectedEOF
	}
	return []byte{byte(number >> 8), byte(number)}, func() {}, nil
}

func (e *numberEncoder) Close() error                        { return nil }
func (e *numberEncoder) Controller() codec.EncoderController { return nil }

// userMedia opens a camera as the device does: by its id.
func userMedia(t *testing.T, id string) (mediadevices.Track, error) {
	t.Helper()
	selector := mediadevices.NewCodecSelector(mediadevices.WithVideoEncoders(numbers{codec.NewRTPH264Codec(90000)}))
	stream, err := mediadevices.GetUserMedia(mediadevices.MediaStreamConstraints{
		Video: func(c *mediadevices.MediaTrackConstraints) { c.DeviceID = prop.StringExact(id) },
		Codec: selector,
	})
	if err != nil {
		return nil, err
	}
	track := stream.GetVideoTracks()[0]
	t.Cleanup(func() { track.Close() })
	return track, nil
}

func TestGetUserMediaSelectsTheCamera(t *testing.T) {
	other := register(t, camera.Config{Source: "test", Width: 64, Height: 64, FPS: 30})
	id := register(t, camera.Config{Source: "test", Width: 320, Height: 240, FPS: 100})
	if id == other {
		t.Fatal("two cameras with one id")
	}
	track, err := userMedia(t, id)
	if err != nil {
		t.Fatal(err)
	}
	img, release, err := track.(*mediadevices.VideoTrack).NewReader(false).Read()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if b := img.Bounds(); b != image.Rect(0, 0, 320, 240) {
		t.Errorf("picture %v, want the other camera's 320 × 240", b)
	}
	encoded, err := track.NewEncodedReader("H264")
	if err != nil {
		t.Fatal(err)
	}
	defer encoded.Close()
	last := -1
	for range 20 {
		b, release, err := encoded.Read()
		if err != nil {
			t.Fatal(err)
		}
		number := int(b.Data[0])<<8 | int(b.Data[1])
		release()
		if number <= last {
			t.Fatalf("frame %d after %d", number, last)
		}
		last = number
	}
}

func TestGetUserMediaOfRecording(t *testing.T) {
	path := copyOf(t, "baseline.h264")
	id := register(t, camera.Config{Source: "file:" + path, FPS: 100})
	for range 2 { // opened anew
		track, err := userMedia(t, id)
		if err != nil {
			t.Fatal(err)
		}
		packets, err := track.NewRTPReader("H264", 1, 1200)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			p, release, err := packets.Read()
			if err != nil || len(p) == 0 {
				t.Fatalf("%d packets, %v", len(p), err)
			}
			release()
		}
		if err := packets.Close(); err != nil {
			t.Fatal(err)
		}
		if err := track.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err := userMedia(t, id)
	if want := `open camera "file:` + path + `": no such file or directory`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestProperties(t *testing.T) {
	tests := []struct {
		cfg  camera.Config
		want prop.Video
	}{
		{camera.Config{Source: "test", Width: 640, Height: 360, FPS: 15},
			prop.Video{Width: 640, Height: 360, FrameRate: 15, FrameFormat: frame.FormatI420}},
		{camera.Config{Source: "file:" + copyOf(t, "high.h264"), FPS: 25},
			prop.Video{Width: 98, Height: 66, FrameRate: 25, FrameFormat: "H264"}},
		{camera.Config{Source: "file:" + copyOf(t, "vp8.ivf"), FPS: 25},
			prop.Video{Width: 98, Height: 66, FrameRate: 10, FrameFormat: "VP8"}},
		{camera.Config{Source: "file:/nonexistent/x.h264", Width: 640, Height: 360, FPS: 25},
			prop.Video{Width: 640, Height: 360, FrameRate: 25, FrameFormat: "H264"}},
		{camera.Config{Source: "file:/nonexistent/x.ivf", FPS: 25}, prop.Video{FrameRate: 25, FrameFormat: "VP8"}},
	}
	for _, tt := range tests {
		id := register(t, tt.cfg)
		d := driver.GetManager().Query(driver.FilterID(id))[0]
		if p := d.Properties(); p != nil {
			t.Errorf("%s: properties of a closed driver: %v", tt.cfg.Source, p)
		}
		if err := d.Open(); err != nil {
			t.Fatal(err)
		}
		want := prop.Media{DeviceID: id, Video: tt.want}
		if p := d.Properties(); len(p) != 1 || p[0] != want {
			t.Errorf("%s: properties %+v, want %+v", tt.cfg.Source, p, want)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Closing the track ends a reader that waits for the next picture.
func TestCloseEndsReader(t *testing.T) {
	id := register(t, camera.Config{Source: "test", Width: 64, Height: 64, FPS: 1})
	track, err := userMedia(t, id)
	if err != nil {
		t.Fatal(err)
	}
	reader := track.(*mediadevices.VideoTrack).NewReader(false)
	if _, _, err := reader.Read(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, _, err := reader.Read(); err != io.EOF {
			t.Errorf("Read ended with %v, want io.EOF", err)
		}
	})
	if err := track.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if took := time.Since(start); took > 900*time.Millisecond {
		t.Errorf("ended after %v: it waited for the picture", took)
	}
}

func TestFrameNumberInPictures(t *testing.T) {
	id := register(t, camera.Config{Source: "test", Width: 1280, Height: 720, FPS: 120})
	d := driver.GetManager().Query(driver.FilterID(id))[0]
	if err := d.Open(); err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	r, err := d.(driver.VideoRecorder).VideoRecord(prop.Media{})
	if err != nil {
		t.Fatal(err)
	}
	last := uint32(0)
	for i := range 10 {
		img, release, err := r.Read()
		if err != nil {
			t.Fatal(err)
		}
		n, ok := cameratest.FrameNumber(img)
		release()
		if !ok || (i > 0 && n <= last) {
			t.Fatalf("picture %d: number %d, %v after %d", i, n, ok, last)
		}
		last = n
	}
}
