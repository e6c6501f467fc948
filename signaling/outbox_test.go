package signaling

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
)

// signal reads "type session user" or "type session user/resource".
func signal(text string) call.Signal {
	var typ, session, user string
	if _, err := fmt.Sscan(text, &typ, &session, &user); err != nil {
		panic(err)
	}
	user, resource, _ := strings.Cut(user, "/")
	var id call.UserID
	if _, err := fmt.Sscan(user, &id); err != nil {
		panic(err)
	}
	return call.Signal{Type: call.SignalType(typ), Session: call.SessionID(session), Peer: call.Address{User: id, Resource: resource}}
}

func text(s call.Signal) string {
	out := fmt.Sprintf("%s %s %d", s.Type, s.Session, s.Peer.User)
	if s.Peer.Resource != "" {
		out += "/" + s.Peer.Resource
	}
	return out
}

func queued(o *outbox) []string {
	var out []string
	for _, it := range o.items {
		out = append(out, text(it.signal))
	}
	return out
}

func reasons(gone []lost) []string {
	var out []string
	for _, g := range gone {
		out = append(out, text(g.signal)+": "+g.reason)
	}
	return out
}

func TestOutboxPut(t *testing.T) {
	tests := []struct {
		name string
		put  []string
		want []string
		gone []string
	}{
		{"order is kept", []string{"call a 1", "iceCandidates a 1", "call a 2", "update a 1"},
			[]string{"call a 1", "iceCandidates a 1", "call a 2", "update a 1"}, nil},
		{"a newer call takes the place", []string{"call a 1", "update a 1", "call a 1"},
			[]string{"call a 1", "update a 1"}, nil},
		{"calls of others are others", []string{"call a 1", "call b 1", "call a 2", "call a 1/web"},
			[]string{"call a 1", "call b 1", "call a 2", "call a 1/web"}, nil},
		{"accepts are not merged", []string{"accept a 1", "accept a 1"}, []string{"accept a 1", "accept a 1"}, nil},
		{"hangUp takes the call out", []string{"call a 1", "hangUp a 1"},
			[]string{"hangUp a 1"}, []string{"call a 1: superseded"}},
		{"hangUp to a resource too", []string{"call a 1", "hangUp a 1/web"},
			[]string{"hangUp a 1/web"}, []string{"call a 1: superseded"}},
		{"hangUp leaves the rest", []string{"call a 1", "call b 1", "call a 2", "accept a 1", "hangUp a 1"},
			[]string{"call b 1", "call a 2", "accept a 1", "hangUp a 1"}, []string{"call a 1: superseded"}},
		{"candidates go first", []string{"hangUp a 1", "iceCandidates a 1", "iceCandidates b 1", "call a 2", "accept a 3", "reject a 4"},
			[]string{"hangUp a 1", "iceCandidates b 1", "call a 2", "accept a 3", "reject a 4"}, []string{"iceCandidates a 1: queue full"}},
		{"then updates", []string{"call a 1", "update a 1", "accept a 2", "hangUp a 3", "reject a 4", "hangUp a 5"},
			[]string{"call a 1", "accept a 2", "hangUp a 3", "reject a 4", "hangUp a 5"}, []string{"update a 1: queue full"}},
		{"rejects before an accept", []string{"accept a 1", "reject b 2", "reject c 3", "reject d 4", "reject e 5", "reject f 6"},
			[]string{"accept a 1", "reject c 3", "reject d 4", "reject e 5", "reject f 6"}, []string{"reject b 2: queue full"}},
		{"the newcomer may be the least", []string{"hangUp a 1", "hangUp a 2", "hangUp a 3", "hangUp a 4", "hangUp a 5", "call a 6"},
			[]string{"hangUp a 1", "hangUp a 2", "hangUp a 3", "hangUp a 4", "hangUp a 5"}, []string{"call a 6: queue full"}},
		{"at last the oldest hangUp", []string{"hangUp a 1", "hangUp a 2", "hangUp a 3", "hangUp a 4", "hangUp a 5", "hangUp a 6"},
			[]string{"hangUp a 2", "hangUp a 3", "hangUp a 4", "hangUp a 5", "hangUp a 6"}, []string{"hangUp a 1: queue full"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := &outbox{limit: 5}
			var gone []lost
			for _, s := range tt.put {
				gone = append(gone, o.put(time.Unix(0, 0), signal(s))...)
			}
			if got := queued(o); !slices.Equal(got, tt.want) {
				t.Errorf("queued %q, want %q", got, tt.want)
			}
			if got := reasons(gone); !slices.Equal(got, tt.gone) {
				t.Errorf("gone %q, want %q", got, tt.gone)
			}
		})
	}
}

func TestOutboxNewerCallKeepsNewContentAndDeadline(t *testing.T) {
	start := time.Unix(0, 0)
	o := &outbox{limit: 5}
	old, young := signal("call a 1"), signal("call a 1")
	old.SDP, young.SDP = "old", "young"
	o.put(start, old)
	o.put(start.Add(20*time.Second), young)
	it, ok, _ := o.next(start.Add(40 * time.Second))
	if !ok || it.signal.SDP != "young" {
		t.Errorf("next is %+v, %v; want the newer copy", it.signal, ok)
	}
}

func TestOutboxDeadlines(t *testing.T) {
	for typ, life := range map[call.SignalType]time.Duration{
		call.SignalCall: 30 * time.Second, call.SignalAccept: 30 * time.Second,
		call.SignalCandidates: 30 * time.Second, call.SignalUpdate: 30 * time.Second,
		call.SignalReject: time.Minute, call.SignalHangUp: time.Minute,
	} {
		start := time.Unix(0, 0)
		o := &outbox{limit: 5}
		o.put(start, signal(string(typ)+" a 1"))
		o.put(start, signal(string(typ)+" b 1"))
		if it, ok, gone := o.next(start.Add(life - 1)); !ok || len(gone) != 0 || it.signal.Session != "a" {
			t.Errorf("%s before its deadline: %v, gone %q", typ, ok, reasons(gone))
		}
		if _, ok, gone := o.next(start.Add(life)); ok || len(gone) != 1 || gone[0].reason != lostExpired {
			t.Errorf("%s at its deadline: %v, gone %q", typ, ok, reasons(gone))
		}
	}
}

func TestOutboxExpiredGoBeforeOthersWhenFull(t *testing.T) {
	start := time.Unix(0, 0)
	o := &outbox{limit: 3}
	o.put(start, signal("hangUp a 1"))
	o.put(start.Add(time.Minute), signal("iceCandidates b 2"))
	o.put(start.Add(time.Minute), signal("call c 3"))
	gone := o.put(start.Add(time.Minute), signal("call d 4"))
	if got, want := reasons(gone), []string{"hangUp a 1: expired"}; !slices.Equal(got, want) {
		t.Errorf("gone %q, want %q", got, want)
	}
}

func TestOutboxPutBack(t *testing.T) {
	tests := []struct {
		name, taken string
		later       []string
		want        []string
		gone        []string
	}{
		{"to the front", "accept a 1", []string{"update a 1"}, []string{"accept a 1", "update a 1"}, nil},
		{"a call whose hangUp came", "call a 1", []string{"hangUp a 1"}, []string{"hangUp a 1"}, []string{"call a 1: superseded"}},
		{"a call whose newer copy came", "call a 1", []string{"call a 1"}, []string{"call a 1"}, []string{"call a 1: superseded"}},
		{"into a full box", "iceCandidates a 1", []string{"call a 1", "call a 2", "call a 3"},
			[]string{"iceCandidates a 1", "call a 1", "call a 2", "call a 3"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := time.Unix(0, 0)
			o := &outbox{limit: 3}
			o.put(now, signal(tt.taken))
			it, _, _ := o.next(now)
			for _, s := range tt.later {
				o.put(now, signal(s))
			}
			gone := o.putBack(it)
			if got := queued(o); !slices.Equal(got, tt.want) {
				t.Errorf("queued %q, want %q", got, tt.want)
			}
			if got := reasons(gone); !slices.Equal(got, tt.gone) {
				t.Errorf("gone %q, want %q", got, tt.gone)
			}
		})
	}
}
