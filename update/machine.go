package update

import (
	"errors"
	"fmt"
	"time"

	"github.com/intercomd/intercomd/update/rauc"
)

// Times of the machine.
const (
	firstPoll  = time.Minute // after the start, at least
	firstSpan  = 9 * time.Minute
	minBackoff = time.Minute
	maxAsleep  = time.Hour // the wall clock may jump: it is looked at this often

	maxUnread = 3 // a bundle that breaks off once more counts as changed

	lookSoon  = 5 * time.Second // RAUC did not answer, and an update depends on it
	lookLater = 5 * time.Minute // RAUC is not installed

	trialTime   = 180 * time.Second
	trialSteady = 10 * time.Second // this long a new version must be healthy without a break
	trialPause  = 2 * time.Second  // between two looks

	restartRetry = 5 * time.Second  // a call came in between
	restartWait  = 90 * time.Second // for a restart that was asked for
	foreignWait  = 30 * time.Second // between two looks at an installation by others
)

// phase is where the machine stands.
type phase int

const (
	starting    phase = iota // RAUC was not asked yet
	unavailable              // there is no RAUC, or it gives no answer
	ready                    // nothing is under way
	checking                 // the manifest is being read
	toFetch                  // an update is to be fetched, once nothing rings
	toInstall                // it is to be installed, once nothing rings
	toRestart                // it is installed and waits for its restart
	goingDown                // the restart was asked for
	trial                    // a new version runs and has to prove itself
	toFallBack               // it could not, and waits for its restart
)

// machine decides what is done when. It has no clock, goroutine, lock or file;
// the same events give the same actions.
type machine struct {
	config  Config
	image   image
	running Version
	board   string // compatible, by RAUC
	device  string
	bootID  string
	slots   rauc.State

	phase    phase
	working  bool // a job runs
	canceled bool // it was told to end
	busy     bool // a call rings or is up
	foreign  bool // RAUC installs for somebody else
	again    bool // RAUC is to be asked again

	asked *request // what a person asks for, until it began
	hand  bool     // what is under way was asked for by a person
	only  bool     // and is a look without an installation
	plan  plan

	failures int // checks and installations that failed in a row
	unread   int // installations in a row that broke off while RAUC read from the server
	polls    int
	nextPoll time.Time
	wait     time.Time // nothing is tried before

	deadline time.Time // of the trial
	good     time.Time // healthy since; zero is not
	lookedAt Health

	reporting  bool
	sending    report
	reportFail int
	nextReport time.Time

	record record
	status Status
	todo   []action
}

func newMachine(config Config, img image, device, bootID string, rec record, now time.Time) *machine {
	m := &machine{config: config.withDefaults(), image: img, device: device, bootID: bootID, record: rec.clone()}
	m.status = Status{State: StateIdle, Version: img.version, Last: rec.Last, Since: now, Message: "starting"}
	m.nextPoll = now.Add(firstPoll + time.Duration(draw(device, "first")%uint64(firstSpan)))
	v, err := ParseVersion(img.version)
	if err != nil {
		m.running = Version{}
	} else {
		m.running = v
	}
	return m
}

// handle tells the machine something and returns what is to be done.
func (m *machine) handle(now time.Time, ev event) []action {
	switch ev := ev.(type) {
	case looked:
		m.onLooked(now, ev)
	case request:
		m.onRequest(now, ev)
	case busy:
		m.onBusy(now, ev)
	case checked:
		m.onChecked(now, ev)
	case fetched:
		m.onFetched(now, ev)
	case progressed:
		m.onProgress(ev)
	case installed:
		m.onInstalled(now, ev)
	case activity:
		m.onActivity(now, ev)
	case health:
		m.onHealth(now, ev)
	case marked:
		m.onMarked(now, ev)
	case activated:
		m.onActivated(now, ev)
	case restarted:
		m.onRestarted(now, ev)
	case reported:
		m.onReported(now, ev)
	case reconfigured:
		m.onConfig(now, ev)
	}
	return m.advance(now)
}

// advance begins what can be begun and returns what is to be done.
func (m *machine) advance(now time.Time) []action {
	m.sendReport(now)
	if !m.working {
		m.step(now)
	}
	todo := m.todo
	m.todo = nil
	return todo
}

// step is one step of whatever is under way; no job runs.
func (m *machine) step(now time.Time) {
	if m.again && (m.phase == ready || m.phase == toRestart) {
		m.again = false
		m.work(lookJob{})
		return
	}
	switch m.phase {
	case starting, unavailable:
		if !now.Before(m.wait) {
			m.work(lookJob{})
		}
	case ready:
		m.stepReady(now)
	case toFetch, toInstall:
		m.stepInstall(now)
	case toRestart:
		m.stepRestart(now)
	case goingDown:
		if !now.Before(m.wait) {
			m.phase = toRestart
			m.stepRestart(now)
		}
	case trial:
		m.stepTrial(now)
	case toFallBack:
		m.stepFallBack(now)
	}
}

// stepReady begins what was asked for, or the next look at the manifest.
func (m *machine) stepReady(now time.Time) {
	switch {
	case m.foreign && !now.Before(m.wait):
		m.work(lookJob{}) // its end may have been missed
	case m.foreign:
	case m.asked != nil:
		m.hand, m.only = true, m.asked.checkOnly
		source := m.asked.source
		m.asked = nil
		m.begin(now, source)
	case m.config.Manifest != "" && !now.Before(m.nextPoll):
		m.hand, m.only = false, false
		m.begin(now, "")
	}
}

// begin begins with the manifest, or with a bundle that a person named.
func (m *machine) begin(now time.Time, source string) {
	m.status.Error = ""
	switch {
	case source == "":
		m.phase = checking
		m.say(now, StateChecking, "looking for updates")
		m.work(checkJob{})
	case isPath(source):
		m.plan = plan{source: source, byHand: true}
		m.phase = toInstall
		m.stepInstall(now)
	default:
		m.plan = plan{update: Update{URL: source}, byHand: true, stream: true}
		m.phase = toFetch
		m.stepInstall(now)
	}
}

// work begins a job.
func (m *machine) work(job action) {
	m.working, m.canceled = true, false
	m.todo = append(m.todo, job)
}

// keep has the record written before anything that follows.
func (m *machine) keep() { m.todo = append(m.todo, save{m.record.clone()}) }

// say changes what the status tells.
func (m *machine) say(now time.Time, state State, message string) {
	if m.status.State != state {
		m.status.Since = now
		m.status.Progress = 0
	}
	m.status.State, m.status.Message = state, message
}

// rest ends what was under way.
func (m *machine) rest(now time.Time, message string) {
	m.phase, m.plan, m.hand, m.only = ready, plan{}, false, false
	m.status.Error = ""
	m.say(now, StateIdle, message)
}

// fail ends what was under way with an error.
func (m *machine) fail(now time.Time, err error) {
	m.phase, m.plan, m.hand, m.only = ready, plan{}, false, false
	m.status.Error = err.Error()
	m.say(now, StateFailed, "")
}

// backOff plans the next poll after a failure; wish is the server's.
func (m *machine) backOff(now time.Time, wish time.Duration) {
	d := minBackoff << min(m.failures, 16)
	m.failures++
	m.nextPoll = now.Add(max(m.jitter(min(d, m.config.Interval)), wish))
}

// pollLater plans the next poll after a look at the manifest. Only an
// installation, or that there is nothing to install, ends a row of failures: a
// bundle that cannot be had must not be fetched again and again.
func (m *machine) pollLater(now time.Time) {
	m.nextPoll = now.Add(m.jitter(m.config.Interval))
}

// jitter changes a time by up to 25 %, for every device and poll differently.
func (m *machine) jitter(d time.Duration) time.Duration {
	m.polls++
	part := float64(draw(m.device, fmt.Sprint("poll", m.polls))%1001)/1000 - 0.5
	return d + time.Duration(part*float64(d)/2)
}

// timeout returns when advance is to be called next.
func (m *machine) timeout(now time.Time) time.Time {
	next := now.Add(maxAsleep)
	consider := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	if len(m.record.Reports) > 0 && !m.reporting {
		consider(m.nextReport)
	}
	if m.working {
		return next
	}
	switch m.phase {
	case starting, unavailable, goingDown, trial:
		consider(m.wait)
	case ready:
		if m.foreign {
			consider(m.wait)
		} else if m.config.Manifest != "" {
			consider(m.nextPoll)
		}
	case toRestart, toFallBack:
		if !m.busy {
			consider(m.restartAt(now))
		}
	}
	if m.phase == trial {
		consider(m.deadline)
	}
	return next
}

func (m *machine) onRequest(now time.Time, r request) {
	err := m.refusal(r)
	m.todo = append(m.todo, reply{r.answer, err})
	switch {
	case err != nil:
	case m.phase == toRestart:
		// It is installed already, and a person does not want to wait.
		m.record.Pending.ByHand = true
		m.keep()
	default:
		m.asked = &r
		m.status.Error = ""
		m.say(now, StateChecking, "looking for updates")
		if m.phase == unavailable {
			m.wait = now
		}
	}
}

// refusal says why a request cannot be accepted.
func (m *machine) refusal(r request) error {
	switch {
	case m.phase == toRestart && r.source == "" && !r.checkOnly:
		return nil
	case m.phase == toRestart:
		return fmt.Errorf("%w: %s is installed and waits for the restart", ErrBusy, m.record.Pending.To)
	case m.phase == trial || m.phase == toFallBack:
		return fmt.Errorf("%w: %s is on trial", ErrBusy, m.status.Version)
	case m.asked != nil || m.foreign || m.phase != ready && m.phase != starting && m.phase != unavailable:
		return fmt.Errorf("%w: %s", ErrBusy, m.status.State)
	case r.source == "" && m.config.Manifest == "":
		return errors.New("no web address is configured to look for updates at (update.manifest)")
	}
	return nil
}

func (m *machine) onBusy(now time.Time, ev busy) {
	m.busy = ev.on
	// A download takes bandwidth from the call and is taken up again later.
	if m.busy && m.working && m.phase == toFetch && !m.canceled {
		m.canceled = true
		m.todo = append(m.todo, cancel{})
	}
}

func (m *machine) onConfig(now time.Time, ev reconfigured) {
	old := m.config
	m.config = ev.config.withDefaults()
	if old.Manifest != m.config.Manifest || old.Channel != m.config.Channel {
		m.failures = 0
		if soon := now.Add(m.jitter(minBackoff)); soon.Before(m.nextPoll) {
			m.nextPoll = soon
		}
	}
}

func (m *machine) onProgress(ev progressed) {
	if !m.working {
		return
	}
	m.status.Progress = ev.percent
}
