package playout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

const ms = time.Millisecond

// epoch is when tests begin.
func epoch() time.Time { return time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC) }

// dtx in a script is a packet that announces a pause, with its number.
type dtx int

// packet in a script is one whose timestamp does not follow from its number.
type packet struct {
	seq   int
	stamp uint32
}

// play pushes and pops by a script: a number is a packet that arrives, a
// duration is time that passes, "pop" is 20 ms that pass and are played. The
// result lists what was played: the last digit of a packet, "-" for lost, "+"
// for lost with redundancy, "~" for a pause, "." for waiting.
func play(script ...any) (out string, b *Buffer) {
	b = &Buffer{}
	now := epoch()
	push := func(seq int, stamp uint32, payload ...byte) {
		b.Push(now, Packet{Seq: uint16(seq), Timestamp: stamp, Samples: usualFrame, FEC: seq%2 == 0, Payload: payload})
	}
	for _, step := range script {
		switch step := step.(type) {
		case int:
			push(step, uint32(step*usualFrame), byte(step), 0, 0)
		case dtx:
			push(int(step), uint32(step*usualFrame), byte(step))
		case packet:
			push(step.seq, step.stamp, byte(step.seq), 0, 0)
		case time.Duration:
			now = now.Add(step)
		default:
			now = now.Add(Period)
			out += letter(b.Pop(now, 0))
		}
	}
	return out, b
}

func letter(s Step) string {
	switch {
	case s.Slot == Play:
		return string(rune('0' + s.Payload[0]%10))
	case s.Slot == Lost && s.Payload != nil:
		return "+"
	case s.Slot == Lost:
		return "-"
	case s.Slot == Pause:
		return "~"
	}
	return "."
}

// steady is a script of packets from to to, each of which is followed by a pop.
func steady(from, to int) (script []any) {
	for seq := from; seq <= to; seq++ {
		script = append(script, seq, "pop")
	}
	return script
}

func join(parts ...any) (script []any) {
	for _, p := range parts {
		if list, ok := p.([]any); ok {
			script = append(script, list...)
		} else {
			script = append(script, p)
		}
	}
	return script
}

func pops(n int) (script []any) {
	for range n {
		script = append(script, "pop")
	}
	return script
}

func TestBufferOrder(t *testing.T) {
	for name, tc := range map[string]struct {
		script []any
		want   string
	}{
		"nothing yet":                               {pops(2), ".."},
		"fills up to 60 ms first":                   {join(1, "pop", 2, "pop", 3, pops(3)), "..123"},
		"out of order, which shows that 1 was slow": {join(1, "pop", 3, "pop", 2, pops(3)), ".123-"},
		"first packet comes late":                   {join(2, "pop", 1, "pop", 3, pops(3)), ".123-"},
		"duplicates":                                {join(1, 1, "pop", 2, 2, "pop", 3, 3, "pop", 3, pops(2)), "..123"},
		"one lost, redundancy":                      {join(1, "pop", 2, "pop", "pop", 4, "pop", 5, pops(3)), "..12+45"},
		"one lost, none":                            {join(2, "pop", 3, "pop", "pop", 5, "pop", 6, pops(3)), "..23-56"},
		"too late is dropped":                       {join(1, "pop", 2, "pop", "pop", 4, "pop", 5, "pop", 3, pops(2)), "..12+45"},
		"two lost":                                  {join(1, "pop", 2, "pop", 3, "pop", "pop", "pop", 6, pops(3)), "..123-+6"},
		"wraps around":                              {join(65534, "pop", 65535, "pop", 65536, pops(4)), "..450-"},
		"one stray is no stream":                    {join(steady(1, 5), 30721, "pop", 6, pops(4)), "..123456--"},
		"sender starts anew":                        {join(1, "pop", 2, "pop", 3, "pop", 30721, "pop", 30722, "pop", 30723, pops(5)), "..12..23--"},
		"sender falls silent":                       {join(1, "pop", 2, "pop", 3, pops(10)), "..123-----.."},
		"announced pause":                           {join(1, "pop", 2, "pop", dtx(3), pops(10)), "..123~~~~~~~"},
		"pause comes to an end":                     {join(1, "pop", 2, "pop", dtx(3), pops(56)), "..123" + tildes(50) + "..."},
		"after a pause":                             {join(1, "pop", 2, "pop", dtx(3), pops(10), packet{4, 13 * usualFrame}, pops(4)), "..123~~~~~~~~4--"},
		"late is not lost":                          {join(steady(1, 6), "pop", "pop", "pop", 7, "pop", 8, "pop"), "..123456-78"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := play(tc.script...)
			assert.Equal(t, tc.want, got)
		})
	}
}

func tildes(n int) string { return string(fill(n, '~')) }

func TestBurstIsNotALastingDelay(t *testing.T) {
	script := steady(1, 20)
	script = append(script, pops(15)...) // the network stands still for 300 ms
	for seq := 21; seq <= 36; seq++ {
		script = append(script, seq)
	}
	out, b := play(join(script, "pop")...)
	assert.Equal(t, '2', rune(out[len(out)-1]), "32 follows 20, what is too old was left out: %s", out)
	assert.LessOrEqual(t, b.Depth(), 5)
}

func TestTargetIsBounded(t *testing.T) {
	var a arrivals
	assert.EqualValues(t, 60*ticksPerMS, a.target())
	for i := range int64(1000) {
		a.note(i*usualFrame, i*usualFrame)
	}
	assert.EqualValues(t, minTarget, a.target())
	for i := int64(1000); i < 2000; i++ {
		a.note(i*usualFrame+i%2*900*ticksPerMS, i*usualFrame)
	}
	assert.EqualValues(t, maxTarget, a.target())
}

func TestYardstickFollowsTheRoute(t *testing.T) {
	var a arrivals
	now := int64(0)
	pass := func(n int, transit int64) {
		for range n {
			now += usualFrame
			a.note(now+transit, now)
		}
	}
	pass(500, 100*ticksPerMS)
	assert.EqualValues(t, 100*ticksPerMS, a.fastest())
	pass(1, 40*ticksPerMS)
	assert.EqualValues(t, 40*ticksPerMS, a.fastest(), "a shorter route counts at once")
	pass(50, 150*ticksPerMS)
	assert.EqualValues(t, 40*ticksPerMS, a.fastest(), "a longer one may be a jam")
	pass(60, 150*ticksPerMS)
	assert.EqualValues(t, 150*ticksPerMS, a.fastest(), "until it has lasted 2 s")
}

func TestPatienceComesWithLoss(t *testing.T) {
	run := func(lossEvery int, fec bool) int {
		b := &Buffer{}
		now := epoch()
		for i := range 1000 {
			now = now.Add(Period)
			if lossEvery == 0 || i%lossEvery != 0 {
				b.Push(now, Packet{Seq: uint16(i), Timestamp: uint32(i * usualFrame), FEC: fec, Payload: []byte{1, 2, 3}})
			}
			b.Pop(now, 0)
		}
		return b.Target() / ticksPerMS
	}
	assert.Equal(t, 20, run(0, true))
	assert.Equal(t, 20, run(10, false), "there is no redundancy to wait for")
	assert.Equal(t, 40, run(10, true))
}

func FuzzBuffer(f *testing.F) {
	f.Add([]byte{0, 1, 3, 0, 20, 0, 2, 6, 0, 20, 255, 255, 0, 0, 20, 0, 4, 12, 9, 200})
	f.Fuzz(func(t *testing.T, script []byte) {
		b := &Buffer{}
		now := epoch()
		for i := 0; i+4 < len(script); i += 5 {
			c := script[i : i+5]
			now = now.Add(time.Duration(c[4]) * ms)
			if c[0] == 255 && c[1] == 255 {
				step := b.Pop(now, int(c[2])*10)
				if step.Slot == Play != (step.Payload != nil) && step.Slot != Lost {
					t.Fatalf("step %+v", step)
				}
				if (step.Slot == Lost || step.Slot == Pause) && step.Samples <= 0 {
					t.Fatalf("nothing is to be made up: %+v", step)
				}
			} else {
				b.Push(now, Packet{
					Seq: uint16(c[0])<<8 | uint16(c[1]), Timestamp: uint32(c[2])<<24 | uint32(c[3])<<9,
					Samples: int(c[3]) * 24, FEC: c[2]&1 != 0, Payload: c,
				})
			}
			if b.Depth() > maxJump+1 {
				t.Fatalf("%d packets are kept", b.Depth())
			}
			if target := b.Target(); target < minTarget || target > maxTarget {
				t.Fatalf("target of %d samples", target)
			}
		}
	})
}
