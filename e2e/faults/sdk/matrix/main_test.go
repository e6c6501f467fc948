package main

import (
	"io"
	"slices"
	"testing"
	"time"

	"github.com/intercomd/intercomd/e2e/faults/sdk"
)

func TestParse(t *testing.T) {
	o, err := parse([]string{"-cuts", "2,silent0.5,moved", "-sides", "higher", "-repeat", "3"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := []cut{{sdk.Pulled, 2 * time.Second}, {sdk.Silent, 500 * time.Millisecond}, {sdk.Moved, 0}}
	if !slices.Equal(o.cuts, want) || !slices.Equal(o.sides, []sdk.Side{sdk.Higher}) || o.repeat != 3 {
		t.Errorf("parsed %+v", o)
	}
	if scenes := o.scenes(); len(scenes) != 3 || len(scenes[0]) != 3 {
		t.Errorf("scenes %v, want three of three calls", scenes)
	}
	for _, args := range [][]string{{"-cuts", "soon"}, {"-cuts", "-1"}, {"-cuts", "silent"}, {"-sides", "left"}, {"-sides", ""}} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
