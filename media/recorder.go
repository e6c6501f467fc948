package media

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4/pkg/media/h264writer"
	"github.com/pion/webrtc/v4/pkg/media/ivfwriter"
	"github.com/pion/webrtc/v4/pkg/media/oggwriter"
)

// Recorder is a sink that writes a remote stream to files in Dir, which must
// exist: USER-TIME.h264 (Annex-B) or .ivf (VP8) for video, .ogg for sound.
type Recorder struct {
	Dir string
}

// SinkName implements call.Sink.
func (Recorder) SinkName() string { return "recorder" }

// rtpWriter is what pion's writers have in common.
type rtpWriter interface {
	WriteRTP(*rtp.Packet) error
	io.Closer
}

// recording is the files of one stream; they are made with the first packet of
// their codec.
type recording struct {
	base  string
	files map[codecName]rtpWriter // nil value: could not be made or written
}

func (r *remoteStream) attachRecorder(sink Recorder) error {
	if info, err := os.Stat(sink.Dir); err != nil {
		return fmt.Errorf("record stream: %w", err)
	} else if !info.IsDir() {
		return fmt.Errorf("record stream: %s is not a directory", sink.Dir)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return errors.New("the stream has ended")
	}
	if r.recorder == nil {
		r.recorder = newRecording(sink.Dir, r.peer.key.User, time.Now())
		r.peer.askKeyFrame()
	}
	return nil
}

func newRecording(dir string, user call.UserID, now time.Time) *recording {
	name := user.String() + "-" + now.UTC().Format("20060102T150405") + "-" + strconv.Itoa(now.Nanosecond()/1000)
	return &recording{base: filepath.Join(dir, name), files: map[codecName]rtpWriter{}}
}

// write appends a packet. A file that fails is given up, and the call goes on.
func (r *recording) write(name codecName, packet *rtp.Packet, log *slog.Logger) {
	w, known := r.files[name]
	if !known {
		var err error
		if w, err = r.create(name); err != nil {
			log.Warn("no recording", "codec", string(name), "error", err)
			w = nil
		}
		r.files[name] = w
	}
	if w == nil {
		return
	}
	if err := w.WriteRTP(packet); err != nil {
		log.Warn("recording ended", "codec", string(name), "error", err)
		r.files[name] = nil
	}
}

func (r *recording) create(name codecName) (rtpWriter, error) {
	switch name {
	case codecOpus:
		return oggwriter.New(r.base+".ogg", 48000, 2)
	case codecH264:
		return h264writer.New(r.base + ".h264")
	}
	return ivfwriter.New(r.base+".ivf", ivfwriter.WithCodec(name.mimeType()))
}

func (r *recording) close(log *slog.Logger) {
	for name, w := range r.files {
		if w == nil {
			continue
		}
		if err := w.Close(); err != nil {
			log.Warn("close recording", "codec", string(name), "error", err)
		}
	}
}
