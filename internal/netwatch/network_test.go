package netwatch

import (
	"net/netip"
	"testing"
)

var (
	gone  = Change{}
	back  = Change{Up: true}
	moved = Change{Up: true, Moved: true}
)

func TestNote(t *testing.T) {
	v4, other, v6 := netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("2001:db8::7")
	router := exit{2, netip.MustParseAddr("192.0.2.1")}
	down := network{}
	wifi := network{addresses: []netip.Addr{v4}, ipv4: router}
	wifi6 := network{addresses: []netip.Addr{v4, v6}, ipv4: router}
	noRoute := network{addresses: []netip.Addr{v4}}
	cable := network{addresses: []netip.Addr{other}, ipv4: exit{3, netip.MustParseAddr("198.51.100.1")}}
	both := network{addresses: []netip.Addr{v4, other}, ipv4: cable.ipv4}
	newRouter := network{addresses: []netip.Addr{v4}, ipv4: exit{2, netip.MustParseAddr("192.0.2.254")}}
	newRouter6 := network{addresses: []netip.Addr{v4, v6}, ipv4: router, ipv6: exit{link: 2}}

	const quiet = "nothing"
	tests := []struct {
		name string
		seen []network // the first is there at the start
		want []any     // a Change or quiet for each of the others
	}{
		{"nothing differs", []network{wifi, wifi}, []any{quiet}},
		{"still down", []network{down, down}, []any{quiet}},
		{"first time up", []network{down, wifi}, []any{moved}},
		{"cut and back", []network{wifi, down, wifi}, []any{gone, back}},
		{"cut twice", []network{wifi, down, down, wifi, down}, []any{gone, quiet, back, gone}},
		{"cut and elsewhere", []network{wifi, down, cable}, []any{gone, moved}},
		{"cable beside Wi-Fi takes the route", []network{wifi, both}, []any{moved}},
		{"Wi-Fi goes while the cable carries", []network{both, cable}, []any{moved}},
		{"another router", []network{wifi, newRouter}, []any{moved}},
		{"route lost and back", []network{wifi, noRoute, wifi}, []any{moved, back}},
		{"first default route", []network{noRoute, wifi}, []any{back}},
		{"an address more", []network{wifi, wifi6}, []any{back}},
		{"an address less", []network{wifi6, wifi}, []any{moved}},
		{"back with less, then with all", []network{wifi6, down, wifi, wifi6}, []any{gone, moved, back}},
		{"IPv6 route comes and goes", []network{wifi6, newRouter6, wifi6}, []any{back, moved}},
		{"a route without addresses is no network", []network{down, {ipv4: router}}, []any{quiet}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := begin(tt.seen[0])
			for i, n := range tt.seen[1:] {
				var got any = quiet
				if change, ok := h.note(n); ok {
					got = change
				}
				if got != tt.want[i] {
					t.Errorf("step %d: got %+v, want %+v", i+1, got, tt.want[i])
				}
			}
		})
	}
}
