package pi

import (
	"encoding/json"
	"fmt"
	"net"
)

// ending is why a guest ended.
type ending struct {
	reason   string // of QEMU's SHUTDOWN event, "" when there was none
	watchdog bool   // the watchdog did it
}

func (e ending) String() string {
	if e.watchdog {
		return "the watchdog resets the board"
	}
	return "the guest ends: " + e.reason
}

// off says that the guest switched itself off.
func (e ending) off() bool { return e.reason == "guest-shutdown" }

// follow speaks the QEMU Machine Protocol (QEMU's docs/interop/qmp-spec.rst) as
// far as events need it, until QEMU ends.
func follow(monitor net.Conn) (ending, error) {
	var end ending
	if _, err := fmt.Fprintln(monitor, `{"execute":"qmp_capabilities"}`); err != nil {
		return end, fmt.Errorf("ask QEMU: %w", err)
	}
	for in := json.NewDecoder(monitor); ; {
		var message struct {
			Event string `json:"event"`
			Data  struct {
				Reason string `json:"reason"`
			} `json:"data"`
		}
		if in.Decode(&message) != nil {
			return end, nil // QEMU is gone
		}
		switch message.Event {
		case "WATCHDOG":
			end.watchdog = true
		case "SHUTDOWN":
			end.reason = message.Data.Reason
		}
	}
}
