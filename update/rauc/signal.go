package rauc

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"
)

// redial is the time between attempts to reach the bus for [Client.Watch].
const redial = 5 * time.Second

// event is a signal of RAUC, or of the bus about it.
type event struct {
	came      bool // RAUC is there, or is another one
	gone      bool // nobody owns RAUC's name any more
	done      bool
	result    int32 // of what is done; 0 is success
	operation string
	progress  *Progress
}

// read takes a signal apart. What makes no sense is an event without content.
func read(s *dbus.Signal) event {
	switch s.Name {
	case busIface + ".NameOwnerChanged":
		if len(s.Body) == 3 {
			name, _ := s.Body[0].(string)
			owner, ok := s.Body[2].(string)
			ours := ok && name == busName
			return event{came: ours && owner != "", gone: ours && owner == ""}
		}
	case iface + ".Completed":
		if len(s.Body) == 1 {
			if result, ok := s.Body[0].(int32); ok {
				return event{done: true, result: result}
			}
		}
	case propsIface + ".PropertiesChanged":
		if len(s.Body) == 3 {
			changed, _ := s.Body[1].(map[string]dbus.Variant)
			return event{operation: text(changed, "Operation"), progress: progressOf(changed["Progress"])}
		}
	}
	return event{}
}

// progressOf reads (percentage, message, nesting depth).
func progressOf(v dbus.Variant) *Progress {
	fields, ok := v.Value().([]any)
	if !ok || len(fields) != 3 {
		return nil
	}
	percent, okPercent := fields[0].(int32)
	message, okMessage := fields[1].(string)
	if !okPercent || !okMessage {
		return nil
	}
	return &Progress{Percent: int(min(max(percent, 0), 100)), Message: message}
}

// Activity is what RAUC does, whoever asked for it.
type Activity struct {
	Came       bool      // the service has started
	Installing bool      // an installation began or goes on
	Done       bool      // one ended
	OK         bool      // that one was a success
	Progress   *Progress // nil when nothing is said about it
}

// Watch tells f what RAUC does until ctx ends. It reaches for the bus again and
// again when that is not there, and starts no service.
func (c *Client) Watch(ctx context.Context, f func(Activity)) {
	for ctx.Err() == nil {
		c.watchOnce(ctx, f)
		select {
		case <-ctx.Done():
		case <-time.After(redial):
		}
	}
}

// watchOnce watches until the bus goes away.
func (c *Client) watchOnce(ctx context.Context, f func(Activity)) {
	conn, err := c.dial(ctx)
	if err != nil {
		return
	}
	defer conn.Close()
	signals := make(chan *dbus.Signal, signalQueue)
	conn.Signal(signals)
	if subscribe(ctx, conn) != nil {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case s, ok := <-signals:
			if !ok {
				f(Activity{Done: true}) // whatever went on can no longer be followed
				return
			}
			if a := activityOf(read(s)); a != (Activity{}) {
				f(a)
			}
		}
	}
}

func activityOf(e event) Activity {
	switch {
	case e.came:
		return Activity{Came: true}
	case e.done:
		return Activity{Done: true, OK: e.result == 0}
	case e.gone:
		return Activity{Done: true}
	case e.operation == OperationInstalling:
		return Activity{Installing: true, Progress: e.progress}
	}
	return Activity{Progress: e.progress}
}
