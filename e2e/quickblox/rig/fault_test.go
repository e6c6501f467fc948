package rig

import "testing"

func TestFaultCommands(t *testing.T) {
	for _, tt := range []struct {
		fault Fault
		up    bool
		want  string
	}{
		{Pulled, false, "link set v3 down"},
		{Pulled, true, "link set v3 up"},
		{Silent, false, "link set v3 nomaster"},
		{Silent, true, "link set v3 master br0"},
	} {
		if got := tt.fault.command("v3", tt.up); got != tt.want {
			t.Errorf("%v, up %v: %q, want %q", tt.fault, tt.up, got, tt.want)
		}
	}
}

// A fault is of the interface in use, before and after a move.
func TestFaultHitsTheInterfaceInUse(t *testing.T) {
	ns := &Namespace{port: "v3", second: "w3"}
	if got := ns.current(); got != "v3" {
		t.Errorf("before a move: %s", got)
	}
	ns.moved = true
	if got := ns.current(); got != "w3" {
		t.Errorf("after a move: %s", got)
	}
}

func TestAddressesInUseAreNotGivenAgain(t *testing.T) {
	still := &Namespace{Address: "10.99.0.101"}
	n := &Network{members: map[string]*Namespace{"anna": still}}
	given := map[string]int{}
	for range 400 {
		given[n.nextAddress()]++
	}
	if given[still.Address] != 0 {
		t.Errorf("%s is in use and was given", still.Address)
	}
	if len(given) != 154 || given["10.99.0.100"] != 3 || given["10.99.0.254"] != 2 {
		t.Errorf("given: %v", given)
	}
}
