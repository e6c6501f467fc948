package media

import (
	"fmt"
	"time"

	"github.com/intercomd/intercomd/media/opus"
	"github.com/pion/mediadevices/pkg/codec"
	"github.com/pion/mediadevices/pkg/io/audio"
	"github.com/pion/mediadevices/pkg/prop"
	"github.com/pion/mediadevices/pkg/wave"
)

// audioBuilder builds the Opus encoder; it implements
// codec.AudioEncoderBuilder.
type audioBuilder struct{ clock *soundClock }

// RTPCodec implements codec.AudioEncoderBuilder.
func (audioBuilder) RTPCodec() *codec.RTPCodec {
	return &codec.RTPCodec{
		RTPCodecParameters: codecOpus.parameters(),
		Payloader:          codecOpus.payloader(),
		Latency:            frameDuration,
	}
}

// BuildAudioEncoder implements codec.AudioEncoderBuilder.
func (b audioBuilder) BuildAudioEncoder(r audio.Reader, _ prop.Media) (codec.ReadCloser, error) {
	enc, err := opus.NewEncoder()
	if err != nil {
		return nil, err
	}
	b.clock.restart()
	return &audioEncoder{reader: r, enc: enc, clock: b.clock}, nil
}

// audioEncoder cuts what a microphone yields into frames of 20 ms and encodes
// them. It belongs to one goroutine.
type audioEncoder struct {
	reader audio.Reader
	enc    *opus.Encoder
	clock  *soundClock
}

// Read implements codec.ReadCloser.
func (e *audioEncoder) Read() ([]byte, func(), error) {
	frame, ok := e.clock.frame()
	for ; !ok; frame, ok = e.clock.frame() {
		if err := e.fetch(); err != nil {
			return nil, func() {}, err
		}
	}
	packet := make([]byte, opus.MaxPacket)
	n, err := e.enc.Encode(frame, packet)
	e.clock.drop()
	if err != nil {
		return nil, func() {}, err
	}
	return packet[:n:n], func() {}, nil
}

// fetch reads a chunk, which ends about now.
func (e *audioEncoder) fetch() error {
	chunk, _, err := e.reader.Read()
	if err != nil {
		return err
	}
	before := len(e.clock.pcm)
	if e.clock.pcm, err = appendMono(e.clock.pcm, chunk); err != nil {
		return err
	}
	e.clock.took(time.Now(), len(e.clock.pcm)-before)
	return nil
}

// Close implements codec.ReadCloser.
func (e *audioEncoder) Close() error { return e.enc.Close() }

// Controller implements codec.ReadCloser.
func (e *audioEncoder) Controller() codec.EncoderController { return nil }

// appendMono appends the samples of chunk, mixed down to mono. Only 48 kHz is
// taken: resampling is the driver's business.
func appendMono(pcm []int16, chunk wave.Audio) ([]int16, error) {
	info := chunk.ChunkInfo()
	if info.SamplingRate != opus.SampleRate {
		return pcm, fmt.Errorf("encode sound: %d samples a second instead of %d", info.SamplingRate, opus.SampleRate)
	}
	if c, ok := chunk.(*wave.Int16Interleaved); ok && info.Channels == 1 {
		return append(pcm, c.Data[:info.Len]...), nil
	}
	for i := range info.Len {
		var sum int64
		for ch := range info.Channels {
			sum += chunk.At(i, ch).Int()
		}
		// Int is scaled to 32 bits; keep the upper 16 of the mean.
		pcm = append(pcm, int16(sum/int64(info.Channels)>>16))
	}
	return pcm, nil
}
