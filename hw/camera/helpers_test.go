package camera

import (
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pion/mediadevices/pkg/io/video"

	"github.com/intercomd/intercomd/hw/camera/internal/h264"
)

// The recordings in testdata are 12 pictures of 98 × 66 pixels, 10 a second, a
// key frame every 5, made by ffmpeg from its own test source: two slices a
// picture and AUDs (baseline.h264), chroma_format_idc in the SPS (high.h264),
// VP8 (vp8.ivf).
func recording(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// startCode and units build Annex-B streams.
const startCode = "\x00\x00\x00\x01"

func stream(units ...string) []byte {
	return []byte(startCode + strings.Join(units, startCode))
}

// only keeps the NAL units of a stream that keep says yes to.
func only(in []byte, keep func(i int, n h264.NAL) bool) []byte {
	var units []string
	i := 0
	for n := range h264.NALs(in) {
		if keep(i, n) {
			units = append(units, string(n.Unit))
		}
		i++
	}
	return stream(units...)
}

type ivfFrame struct {
	ticks uint64
	data  []byte
}

// ivfFile builds an IVF file of rate/scale ticks a second.
func ivfFile(fourCC string, rate, scale uint32, frames ...ivfFrame) []byte {
	b := append([]byte("DKIF\x00\x00\x20\x00"), fourCC...)
	b = binary.LittleEndian.AppendUint16(b, 98)
	b = binary.LittleEndian.AppendUint16(b, 66)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, scale)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(frames)))
	b = append(b, 0, 0, 0, 0)
	for _, f := range frames {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(f.data)))
		b = binary.LittleEndian.AppendUint64(b, f.ticks)
		b = append(b, f.data...)
	}
	return b
}

// next reads one picture and fails the test when there is none.
func next(t *testing.T, r video.Reader) *EncodedFrame {
	t.Helper()
	img, release, err := r.Read()
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	defer release()
	f, ok := img.(*EncodedFrame)
	if !ok {
		t.Fatalf("Read gave a %T", img)
	}
	return f
}

func wantEOF(t *testing.T, r video.Reader) {
	t.Helper()
	if img, _, err := r.Read(); err != io.EOF {
		t.Errorf("Read = %v, %v, want io.EOF", img, err)
	}
}

// started is the reader of a source.
func started(t *testing.T, s source, done <-chan struct{}) video.Reader {
	t.Helper()
	r, err := s.record(done)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
