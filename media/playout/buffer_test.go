package playout

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// play pushes and pops by a script: a number is a packet that arrives, "pop"
// is 20 ms that pass. The result lists what was played, "-" for lost, "." for
// waiting.
func play(script ...any) (out string, b *Buffer) {
	b = &Buffer{}
	for _, step := range script {
		if seq, ok := step.(int); ok {
			b.Push(uint16(seq), []byte{byte(seq)})
			continue
		}
		payload, slot := b.Pop()
		switch slot {
		case Play:
			out += string(rune('0' + payload[0]%10))
		case Lost:
			out += "-"
		case Wait:
			out += "."
		}
	}
	return out, b
}

func TestBufferOrder(t *testing.T) {
	for name, tc := range map[string]struct {
		script []any
		want   string
	}{
		"nothing yet":              {[]any{"pop", "pop"}, ".."},
		"fills up to 60 ms first":  {[]any{1, "pop", 2, "pop", 3, "pop", "pop", "pop"}, "..123"},
		"out of order":             {[]any{1, 3, 2, "pop", "pop", "pop"}, "123"},
		"first packet comes late":  {[]any{2, 3, 1, "pop", "pop", "pop"}, "123"},
		"duplicates":               {[]any{1, 1, 2, 2, 3, 3, "pop", "pop", "pop"}, "123"},
		"one lost":                 {[]any{1, 2, 4, 5, "pop", "pop", "pop", "pop"}, "12-4"},
		"too late is dropped":      {[]any{1, 2, 4, 5, "pop", "pop", "pop", 3, "pop", "pop"}, "12-45"},
		"two lost":                 {[]any{1, 2, 5, "pop", "pop", "pop", "pop", "pop"}, "12--5"},
		"wraps around":             {[]any{65534, 65535, 0, 1, "pop", "pop", "pop", "pop"}, "4501"},
		"sender starts anew":       {[]any{1, 2, 3, "pop", 30721, 30722, 30723, "pop", "pop"}, "112"},
		"sender falls silent":      {[]any{1, 2, 3, "pop", "pop", "pop", "pop", "pop", "pop", "pop", "pop", "pop", "pop"}, "123-----.."},
		"fills up after a silence": {[]any{1, 2, 3, "pop", "pop", "pop", "pop", "pop", "pop", "pop", "pop", "pop", 7, "pop", 8, 9, "pop"}, "123-----..7"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := play(tc.script...)
			assert.Equal(t, tc.want, got)
		})
	}
}

func TestBufferSkipsAheadOfABurst(t *testing.T) {
	var script []any
	for seq := range 60 {
		script = append(script, seq)
	}
	_, b := play(script...)
	assert.LessOrEqual(t, b.Depth(), maxDepth)
	for range 40 {
		b.Pop()
	}
	assert.Zero(t, b.Depth())
}

func TestBufferHandsOutTheNextPacketForALostOne(t *testing.T) {
	b := &Buffer{}
	for _, seq := range []uint16{1, 2, 4} {
		assert.True(t, b.Push(seq, []byte{byte(seq)}))
	}
	b.Pop()
	b.Pop()
	payload, slot := b.Pop()
	assert.Equal(t, Lost, slot)
	assert.Equal(t, []byte{4}, payload, "packet 4 holds the redundancy of 3")
	payload, slot = b.Pop()
	assert.Equal(t, Play, slot)
	assert.Equal(t, []byte{4}, payload)
	assert.False(t, b.Push(3, []byte{3}), "its turn has passed")
}

func FuzzBuffer(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 0, 3, 255, 255, 0, 4})
	f.Fuzz(func(t *testing.T, script []byte) {
		b := &Buffer{}
		for i := 0; i+1 < len(script); i += 2 {
			if script[i] == 255 && script[i+1] == 255 {
				b.Pop()
			} else {
				b.Push(uint16(script[i])<<8|uint16(script[i+1]), script[i:i+2])
			}
			if b.Depth() > 5*maxDepth {
				t.Fatalf("%d packets are kept", b.Depth())
			}
		}
	})
}
