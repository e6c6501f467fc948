package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	ms := func(values ...int) (s series) {
		for _, v := range values {
			s = append(s, time.Duration(v)*time.Millisecond)
		}
		return s
	}
	tests := []struct {
		name string
		in   series
		want time.Duration
	}{
		{"empty", nil, 0},
		{"one", ms(7), 7 * time.Millisecond},
		{"odd, unsorted", ms(9, 1, 5), 5 * time.Millisecond},
		{"even", ms(4, 1, 2, 9), 3 * time.Millisecond},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := test.in.String()
			if got := test.in.median(); got != test.want {
				t.Errorf("median %v, want %v", got, test.want)
			}
			if test.in.String() != before {
				t.Error("median changed the series")
			}
		})
	}
	if r := ratio(ms(50), ms(100)); r != 0.5 {
		t.Errorf("ratio %v, want 0.5", r)
	}
	if r := ratio(ms(50), nil); r != 0 {
		t.Errorf("ratio to nothing %v, want 0", r)
	}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	err := table(&b, []line{
		{"press", series{12 * time.Millisecond}.String(), "≤ 50 ms", true},
		{"encoders", "3", "= 1", false},
		{"memory", "20 MB", "", false},
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	if len(rows) != 4 {
		t.Fatalf("%d rows:\n%s", len(rows), b.String())
	}
	for i, want := range []string{"measure", "12.0 ms (12.0 ms … 12.0 ms, n = 1)", "MISSED", "20 MB"} {
		if !strings.Contains(rows[i], want) {
			t.Errorf("row %d is %q, want %q in it", i, rows[i], want)
		}
	}
	if !strings.HasSuffix(rows[1], "met") || strings.Contains(rows[3], "met") || strings.Contains(rows[3], "MISSED") {
		t.Errorf("verdicts:\n%s", b.String())
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestTableTellsOfAWriteError(t *testing.T) {
	if err := table(full{}, nil); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error %v, want the writer's", err)
	}
}
