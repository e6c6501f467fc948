package control

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/intercom"
)

func TestUpdate(t *testing.T) {
	for _, c := range []struct {
		name   string
		req    UpdateRequest
		err    error // of the device
		states []string
		asked  string
		want   string // error
		status int    // of a refusal
	}{
		{"file", UpdateRequest{Source: "/tmp/a.raucb"}, nil,
			[]string{"downloading", "installing"}, `update "/tmp/a.raucb" check=false`, "", 0},
		{"check", UpdateRequest{Check: true}, nil,
			[]string{"downloading", "installing"}, `update "" check=true`, "", 0},
		{"fails on the way", UpdateRequest{}, errors.New("no room"),
			[]string{"downloading", "installing"}, `update "" check=false`, "no room", 0},
		{"refused", UpdateRequest{Source: "refused"}, nil,
			nil, "", "update: one is under way", http.StatusConflict},
	} {
		t.Run(c.name, func(t *testing.T) {
			dev := newFakeDevice()
			dev.err = c.err
			path, _ := serve(t, dev, "")
			var states []string
			err := NewClient(path).Update(t.Context(), c.req.Source, c.req.Check, func(s intercom.UpdateStatus) error {
				states = append(states, s.State)
				return nil
			})
			if !slices.Equal(states, c.states) {
				t.Errorf("states %q, want %q", states, c.states)
			}
			if got := strings.Join(dev.requests(), ";"); got != c.asked {
				t.Errorf("asked %q, want %q", got, c.asked)
			}
			if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
				t.Errorf("error %v, want %q", err, c.want)
			}
			var refused *RefusedError
			if errors.As(err, &refused) != (c.status != 0) || refused != nil && refused.Status != c.status {
				t.Errorf("refusal %+v, want status %d", refused, c.status)
			}
		})
	}
}

func TestUpdateReaderStops(t *testing.T) {
	path, _ := serve(t, newFakeDevice(), "")
	enough := errors.New("enough")
	if err := NewClient(path).Update(t.Context(), "", false, func(intercom.UpdateStatus) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("error %v, want %v", err, enough)
	}
}

func TestUpdateOfDaemonThatEnds(t *testing.T) {
	err := readUpdate(strings.NewReader(`{"status":{"state":"installing","version":"1"}}`+"\n"), func(intercom.UpdateStatus) error { return nil })
	if !errors.Is(err, ErrEnded) {
		t.Errorf("error %v, want %v", err, ErrEnded)
	}
}
