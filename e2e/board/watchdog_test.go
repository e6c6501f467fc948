//go:build e2e

package board

import (
	"context"
	"time"
)

// watchdogScenarios make the daemon hang.
func watchdogScenarios() []scenario {
	return []scenario{{"watchdog", watchdogReboots}}
}

// watchdogTimeout is the shortest that the configuration takes.
const watchdogTimeout = 5 * time.Second

// watchdogReboots hangs a loop of the daemon: the board restarts, and the
// shipping program is online again.
func watchdogReboots(s *scene) {
	d := s.startProgram("intercomd-testhooks", func(c *config) {
		c.Watchdog = map[string]string{"device": "/dev/watchdog", "timeout": watchdogTimeout.String()}
	})
	s.online(d)
	s.sh("sleep 7") // longer than the timeout: a daemon that turns keeps the board up
	if s.board.Restarted() {
		s.Fatal("the board restarted under a daemon that works")
	}
	hung := time.Now()
	s.sh("kill -USR2 $(pidof intercomd-testhooks)")
	ctx, cancel := context.WithTimeoutCause(s.ctx, stepLimit+watchdogTimeout, errTooLong)
	defer cancel()
	up, err := s.board.AwaitRestart(ctx)
	if err != nil {
		s.Fatal(err)
	}
	s.says("the board was up again %v after the daemon hung, %v is the timeout", up.Sub(hung).Round(100*time.Millisecond), watchdogTimeout)
	<-d.daemon.Done() // the restart was its end
	<-d.follow.Done()
	s.doors = nil
	s.do(s.lab.credentials)
	s.door()
}
