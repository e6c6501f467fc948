package main

import (
	"testing"
	"testing/synctest"
	"time"
)

// A changed watchdog takes the place of the one before, and nothing is silent
// meanwhile.
func TestHealthFollowsAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched()
		cfg := healthConfig{
			Ready: closed(), Told: "idle", Supervisor: w, Every: 30 * time.Second,
			Device: "/dev/watchdog", Open: w.open(15 * time.Second), Timeout: 15 * time.Second,
		}
		end := startHealth(t, w, cfg)
		w.expect(t, "0s open", "0s ready idle", "0s alive", "0s feed")
		time.Sleep(time.Second)
		same := healthChange{Told: "idle", Device: "/dev/watchdog", Open: w.open(time.Hour), Timeout: 15 * time.Second}
		w.health.change(same)
		w.expect(t, "1s alive", "1s feed")
		w.health.change(healthChange{Told: "at another place", Device: "/dev/watchdog", Open: w.open(30 * time.Second), Timeout: 30 * time.Second})
		w.expect(t, "1s status at another place", "1s disarm", "1s open", "1s alive", "1s feed")
		time.Sleep(10 * time.Second)
		w.expect(t, "11s alive", "11s feed")
		w.health.change(healthChange{Told: "at another place", Timeout: 30 * time.Second})
		w.expect(t, "11s disarm", "11s alive")
		end(true)
		w.expect(t, "11s stopping ending")
	})
}

func TestFedLately(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newWatched(), new(patient)
		end := startHealth(t, w, healthConfig{Loops: []loop{{"device", l.ping}}, Ready: closed(), Told: "idle", Timeout: 15 * time.Second})
		synctest.Wait()
		if !w.health.fedLately(time.Now()) {
			t.Error("not fed after the first round")
		}
		release := l.block(false)
		time.Sleep(16 * time.Second)
		if w.health.fedLately(time.Now()) {
			t.Error("fed while a loop hangs")
		}
		release()
		time.Sleep(5 * time.Second)
		if !w.health.fedLately(time.Now()) {
			t.Error("not fed after the loop turned again")
		}
		end(true)
	})
}
