package main

import (
	"bytes"
	"errors"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/bench/sending"
)

func TestParse(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want string // of the error; "" is none
	}{
		"nothing":        {nil, ""},
		"some":           {[]string{"-only", "jitter,cpu"}, ""},
		"unknown":        {[]string{"-only", "jitter,other"}, "-only other: want some of jitter, latency, cpu, calls"},
		"too short":      {[]string{"-length", "10ms"}, "at least 1s"},
		"not a duration": {[]string{"-length", "x"}, "invalid value"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(tc.args)
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
	if _, err := parse([]string{"-h"}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("error %v, want help", err)
	}
}

func TestProcessorLines(t *testing.T) {
	for name, tc := range map[string]struct {
		engine, bare float64
		ratio        string
		met          bool
	}{
		"cheaper":        {0.5, 1, "0.50", true},
		"dearer":         {2, 1, "2.00", false},
		"not measurable": {1, 0, "0.00", false},
	} {
		t.Run(name, func(t *testing.T) {
			lines := processorLines(sending.Comparison{
				Engine: sending.Result{CPU: tc.engine, FPS: 30}, Bare: sending.Result{CPU: tc.bare},
			})
			if got := lines[2]; got.value != tc.ratio || got.met != tc.met {
				t.Errorf("ratio %+v, want %s", got, tc.ratio)
			}
			if !strings.Contains(lines[0].value, "30.0 pictures") {
				t.Errorf("first line %+v", lines[0])
			}
		})
	}
}

func TestLatencyTableNamesTheCamera(t *testing.T) {
	var out bytes.Buffer
	p := plan{source: "file:/nonexistent/x.h264", length: time.Second}
	err := p.latencyTable(t.Context(), &out)
	if err == nil || !strings.Contains(err.Error(), "/nonexistent/x.h264") {
		t.Errorf("error %v, want the camera in it", err)
	}
}
