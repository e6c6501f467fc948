package vm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// monitor speaks the QEMU Machine Protocol (QEMU's docs/interop/qmp-spec.rst).
type monitor struct {
	mu   sync.Mutex
	conn net.Conn
	in   *json.Decoder
}

// qmpMessage is what QEMU sends: its greeting, an answer or an event.
type qmpMessage struct {
	Greeting json.RawMessage `json:"QMP"`
	Return   json.RawMessage `json:"return"`
	Error    *struct {
		Desc string `json:"desc"`
	} `json:"error"`
}

// newMonitor reads the greeting and leaves capability negotiation.
func newMonitor(ctx context.Context, conn net.Conn) (*monitor, error) {
	m := &monitor{conn: conn, in: json.NewDecoder(conn)}
	if err := m.limit(ctx); err != nil {
		return nil, err
	}
	var greeting qmpMessage
	if err := m.in.Decode(&greeting); err != nil {
		return nil, fmt.Errorf("read QEMU's greeting: %w", err)
	}
	if greeting.Greeting == nil {
		return nil, errors.New("read QEMU's greeting: none came")
	}
	return m, m.do(ctx, "qmp_capabilities", nil)
}

// limit makes reads and writes end with ctx.
func (m *monitor) limit(ctx context.Context) error {
	deadline, _ := ctx.Deadline() // none is the zero time, which is none
	if err := m.conn.SetDeadline(deadline); err != nil {
		return fmt.Errorf("set deadline of QEMU's monitor: %w", err)
	}
	return nil
}

// do executes a command and waits for its answer; events before it are of no
// interest.
func (m *monitor) do(ctx context.Context, command string, arguments any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.conn.SetDeadline(time.Time{})
	if err := m.limit(ctx); err != nil {
		return err
	}
	request := map[string]any{"execute": command}
	if arguments != nil {
		request["arguments"] = arguments
	}
	if err := json.NewEncoder(m.conn).Encode(request); err != nil {
		return fmt.Errorf("QEMU %s: %w", command, err)
	}
	for {
		var answer qmpMessage
		if err := m.in.Decode(&answer); err != nil {
			return fmt.Errorf("QEMU %s: %w", command, err)
		}
		switch {
		case answer.Error != nil:
			return fmt.Errorf("QEMU %s: %s", command, answer.Error.Desc)
		case answer.Return != nil:
			return nil
		}
	}
}
