package call_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/intercomd/intercomd/call"
)

func TestExtensionValidate(t *testing.T) {
	many := call.Extension{}
	for i := range 33 {
		many[fmt.Sprintf("k%d", i)] = "v"
	}
	for _, c := range []struct {
		name string
		ext  call.Extension
		want string // of the error; "" is none
	}{
		{"nothing", nil, ""},
		{"names", call.Extension{"a": "", "_x-1.y": "ü ☎ <&>\x00", "B": "2"}, ""},
		{"no key", call.Extension{"": "v"}, "extension: must begin with a letter"},
		{"space", call.Extension{"a b": "v"}, `extension key "a b": must begin with a letter`},
		{"digit first", call.Extension{"1a": "v"}, `extension key "1a": must begin`},
		{"dot first", call.Extension{".a": "v"}, `extension key ".a": must begin`},
		{"prefix", call.Extension{"x:a": "v"}, "must begin"},
		{"markup", call.Extension{"a/><b": "v"}, "must begin"},
		{"beyond ASCII", call.Extension{"größe": "v"}, "must begin"},
		{"broken", call.Extension{"a\xff": "v"}, "must begin"},
		{"bandwidth", call.Extension{"bandwidth": "9"}, `"bandwidth" has a meaning of its own`},
		{"hidden delay", call.Extension{"a.delay.b": "9"}, `"delay" has a meaning of its own`},
		{"module", call.Extension{"moduleIdentifier": "9"}, "has a meaning of its own"},
		{"keys", many, "extension: 33 keys, at most 32 can be sent"},
		{"size", call.Extension{"a": strings.Repeat("x", 5120)}, "extension: 5121 bytes, at most 5120 can be sent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.ext.Validate()
			var bad *call.ExtensionError
			switch {
			case c.want == "" && err != nil:
				t.Errorf("error %v", err)
			case c.want != "" && (!errors.As(err, &bad) || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// TestUnsendableExtension checks that a request whose data cannot travel is
// refused as a whole: a hangUp that is lost on the way leaves phones ringing.
func TestUnsendableExtension(t *testing.T) {
	bad := call.Extension{"no name": "v"}
	for name, c := range map[string]struct {
		make    func(*world, *party) *call.Session
		request func(*call.Session) error
	}{
		"call":   {outgoingNew, func(s *call.Session) error { return s.Call(bad) }},
		"accept": {incomingNew, func(s *call.Session) error { return s.Accept(bad) }},
		"reject": {incomingNew, func(s *call.Session) error { return s.Reject(bad) }},
		"stop":   {outgoingActive, func(s *call.Session) error { return s.Stop(bad) }},
		"update": {incomingActive, func(s *call.Session) error { return s.Update(bad) }},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				p := w.join(102, "door")
				s := c.make(w, p)
				synctest.Wait()
				state, sent := s.State(), len(w.network.Sent(102))
				var refused *call.ExtensionError
				if err := c.request(s); !errors.As(err, &refused) || refused.Key != "no name" {
					t.Errorf("error %v", err)
				}
				synctest.Wait()
				if s.State() != state || len(w.network.Sent(102)) != sent {
					t.Errorf("it changed something")
				}
			})
		})
	}
}

// TestStopAllLeavesOutWhatCannotTravel checks that the end of everything is not
// held up by data.
func TestStopAllLeavesOutWhatCannotTravel(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		p := w.join(102, "door")
		outgoingActive(w, p)
		p.StopAll(call.Extension{"no name": "v"})
		synctest.Wait()
		sent := w.network.Sent(102)
		if last := sent[len(sent)-1].Signal; last.Type != call.SignalHangUp || len(last.Extension) != 0 {
			t.Errorf("sent %+v, want a hangUp without data", last)
		}
	})
}
