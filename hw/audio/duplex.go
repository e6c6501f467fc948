package audio

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// Duplex lets a microphone and a speaker know of each other. When both run on
// one card, the kernel links them: from then on they start and stop at the same
// instant, so that the distance between what is played and what is heard stays
// the same.
type Duplex struct {
	mu     sync.Mutex
	halves map[alsa.Stream]*half // that run
	linked bool
}

// half is one direction. prime fills a speaker's empty buffer; for a microphone
// it does nothing.
type half struct {
	pcm   *alsa.PCM
	prime func() error
	log   *slog.Logger
	used  atomic.Int64 // when it was last read or written, Unix time in ns
}

// touch says that somebody reads or writes.
func (h *half) touch() { h.used.Store(time.Now().UnixNano()) }

// idle tells whether nobody does. A microphone that nobody reads has an xrun
// soon, and must not stop the speaker with it.
func (h *half) idle() bool { return time.Since(time.Unix(0, h.used.Load())) > maxLate }

// NewDuplex makes a Duplex for one microphone and one speaker.
func NewDuplex() *Duplex { return &Duplex{halves: map[alsa.Stream]*half{}} }

// start lets a direction run, and links it with the other where that runs on
// the same card and the driver allows it.
func (d *Duplex) start(h *half) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := run(h); err != nil {
		return err
	}
	d.halves[h.pcm.Stream()] = h
	if err := d.link(h); err != nil {
		h.log.Info("microphone and speaker of the card run unlinked", "reason", err)
	} else if d.linked {
		h.log.Info("microphone and speaker of the card are linked")
	}
	return nil
}

// link joins a running direction with the other when that runs on the same
// card.
func (d *Duplex) link(h *half) error {
	other := d.halves[1-h.pcm.Stream()]
	if d.linked || other == nil || other.pcm.Card() != h.pcm.Card() {
		return nil
	}
	if err := h.pcm.Link(other.pcm); err != nil {
		return err
	}
	d.linked = true
	return nil
}

// run starts streams that are one group for the kernel.
func run(group ...*half) error {
	if err := group[0].pcm.Prepare(); err != nil {
		return err
	}
	for _, h := range group {
		if err := h.prime(); err != nil {
			return err
		}
	}
	return group[0].pcm.Start()
}

// restart makes a direction run again that has stopped by itself. Linked ones
// stop and start together: whoever comes first does it for both.
func (d *Duplex) restart(h *half) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	status, err := h.pcm.Status()
	if err != nil {
		return err
	}
	if status.State == alsa.StateRunning {
		return nil
	}
	if d.linked {
		other := d.halves[1-h.pcm.Stream()]
		if !other.idle() && run(h, other) == nil {
			return nil
		}
		d.unlink(h) // together it does not work
	}
	if err := run(h); err != nil {
		return err
	}
	if err := d.link(h); err != nil {
		h.log.Debug("microphone and speaker stay unlinked", "reason", err)
	}
	return nil
}

// leave takes a direction out, before it is closed. It is idempotent.
func (d *Duplex) leave(h *half) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.halves[h.pcm.Stream()] != h {
		return
	}
	d.unlink(h)
	delete(d.halves, h.pcm.Stream())
}

func (d *Duplex) unlink(h *half) {
	if !d.linked {
		return
	}
	d.linked = false
	if err := h.pcm.Unlink(); err != nil && !gone(err) {
		h.log.Warn("microphone and speaker stay linked", "error", err)
	}
}

// gone tells whether an error is that of a card that was pulled out.
func gone(err error) bool { return errors.Is(err, errGone) }
