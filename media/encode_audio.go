package media

import (
	"fmt"

	"github.com/intercomd/intercomd/media/opus"
	"github.com/pion/mediadevices/pkg/codec"
	"github.com/pion/mediadevices/pkg/io/audio"
	"github.com/pion/mediadevices/pkg/prop"
	"github.com/pion/mediadevices/pkg/wave"
)

// audioBuilder builds the Opus encoder; it implements
// codec.AudioEncoderBuilder.
type audioBuilder struct{}

// RTPCodec implements codec.AudioEncoderBuilder.
func (audioBuilder) RTPCodec() *codec.RTPCodec {
	return &codec.RTPCodec{
		RTPCodecParameters: codecOpus.parameters(),
		Payloader:          codecOpus.payloader(),
		Latency:            frameDuration,
	}
}

// BuildAudioEncoder implements codec.AudioEncoderBuilder.
func (audioBuilder) BuildAudioEncoder(r audio.Reader, _ prop.Media) (codec.ReadCloser, error) {
	enc, err := opus.NewEncoder()
	if err != nil {
		return nil, err
	}
	return &audioEncoder{reader: r, enc: enc}, nil
}

// audioEncoder cuts what a microphone yields into frames of 20 ms and encodes
// them. It belongs to one goroutine.
type audioEncoder struct {
	reader audio.Reader
	enc    *opus.Encoder
	pcm    []int16 // read and not yet encoded, mono
}

// Read implements codec.ReadCloser.
func (e *audioEncoder) Read() ([]byte, func(), error) {
	for len(e.pcm) < opus.FrameSamples {
		chunk, _, err := e.reader.Read()
		if err != nil {
			return nil, func() {}, err
		}
		if e.pcm, err = appendMono(e.pcm, chunk); err != nil {
			return nil, func() {}, err
		}
	}
	packet := make([]byte, opus.MaxPacket)
	n, err := e.enc.Encode(e.pcm[:opus.FrameSamples], packet)
	e.pcm = e.pcm[:copy(e.pcm, e.pcm[opus.FrameSamples:])]
	if err != nil {
		return nil, func() {}, err
	}
	return packet[:n:n], func() {}, nil
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
