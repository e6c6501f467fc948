package playout

// tones decides which tone sounds: one at a time, a new one in place of the
// old, except that Announce is never cut short, nor left out while it waits for
// the one before to fade.
type tones struct {
	now  performer
	next Tone // follows when now has ended; NoTone is none
	last Tone // follows Announce as next; NoTone is none
}

// play asks for t. Asking for the looped tone that sounds changes nothing.
func (t *tones) play(tone Tone) {
	switch {
	case t.now.done():
		t.now = newPerformer(tone)
	case t.next == Announce:
		if t.last = tone; tone == Announce {
			t.last = NoTone
		}
	case t.now.tone == tone && (t.now.melody.loop || tone == Announce) && !t.now.ending:
		t.next = NoTone
	default:
		t.next = tone
		t.yield()
	}
}

// stop ends what sounds, and what was to follow.
func (t *tones) stop() {
	if t.last = NoTone; t.next != Announce {
		t.next = NoTone
	}
	t.yield()
}

// yield lets the tone that sounds fade out, unless it must be heard.
func (t *tones) yield() {
	if t.now.tone != Announce {
		t.now.stop()
	}
}

// silent tells whether nothing sounds and nothing follows.
func (t *tones) silent() bool { return t.now.done() && t.next == NoTone }

// add mixes the next samples into acc.
func (t *tones) add(acc []int32) {
	t.now.add(acc)
	if t.now.done() && t.next != NoTone {
		t.now, t.next, t.last = newPerformer(t.next), t.last, NoTone
	}
}
