package rig

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func is(want string) func(string) bool { return func(s string) bool { return s == want } }

func TestLogGivesEachEntryOnce(t *testing.T) {
	log := NewLog[string]()
	for _, v := range []string{"ring", "answer", "ring"} {
		log.Add(v)
	}
	ctx, cancel := context.WithCancel(t.Context())
	for _, want := range []string{"ring", "ring", "answer"} {
		if got, err := log.Take(ctx, want, is(want)); err != nil || got != want {
			t.Fatalf("Take(%q) = %q, %v", want, got, err)
		}
	}
	cancel()
	if _, err := log.Take(ctx, "a third ring", is("ring")); !errors.Is(err, context.Canceled) {
		t.Errorf("third Take: error %v, want canceled", err)
	}
	if n := log.Count(is("ring")); n != 2 {
		t.Errorf("Count = %d after taking, want 2", n)
	}
}

func TestLogWaitsForAnEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := NewLog[string]()
		go func() {
			time.Sleep(time.Second)
			log.Add("noise")
			time.Sleep(time.Second)
			log.Add("answer")
		}()
		began := time.Now()
		if _, err := log.Take(t.Context(), "answer", is("answer")); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited != 2*time.Second {
			t.Errorf("waited %v, want 2s", waited)
		}
	})
}

func TestLogErrorTellsWhatWasSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := NewLog[string]()
		log.Add("taken")
		log.Add("left over")
		if _, err := log.Take(t.Context(), "x", is("taken")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := log.Take(ctx, "an answer", is("answer"))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("error %v, want deadline exceeded", err)
		}
		text := err.Error()
		if !strings.Contains(text, "an answer") || !strings.Contains(text, "left over") || strings.Contains(text, "seen: taken") {
			t.Errorf("error %q must name what was waited for and what was left over", text)
		}
	})
}

func TestLogCloseEndsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, gone := NewLog[string](), errors.New("gone")
		go func() {
			time.Sleep(time.Second)
			log.Close(gone)
			log.Close(errors.New("again"))
		}()
		if _, err := log.Take(t.Context(), "x", is("x")); !errors.Is(err, gone) {
			t.Errorf("error %v, want the first reason", err)
		}
	})
}

func TestLatestTriesEachNewValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := NewLatest[int64, int]()
		go func() {
			for v := range 5 {
				time.Sleep(time.Second)
				board.Set(101, v)
				board.Set(102, 100)
			}
		}()
		got, err := board.Await(t.Context(), "3", 101, func(v int) bool { return v == 3 })
		if err != nil || got != 3 {
			t.Errorf("Await = %d, %v; want 3", got, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := board.Await(ctx, "more", 102, func(v int) bool { return v > 100 }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want deadline exceeded", err)
		}
		if board.Get(103) != 0 {
			t.Error("Get of an unknown key is not the zero value")
		}
	})
}
