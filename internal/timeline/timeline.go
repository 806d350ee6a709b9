package timeline

import (
	"container/list"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// Defaults and bounds of a timeline.
const (
	defaultMachines = 1024
	defaultAttempts = 4
	defaultQueue    = 1024
	// tick is how often silence is looked for. Every patience is several
	// seconds, so a second more is not noticed.
	tick = time.Second
)

// Config bounds a Timeline. Zero values mean the defaults.
type Config struct {
	// Machines is how many machines are remembered (1024): of more, one
	// that was silent for long is forgotten.
	Machines int
	// Attempts is how many boots of each are remembered (4).
	Attempts int
	// Queue is how many updates may wait for a slow observer (1024).
	Queue int
	// Onlooker: what is observed was heard of others (JudgeOnlooker).
	Onlooker bool
	// Tap is told of every event before anything is made of it, by whoever observes
	// it; it must not wait for anything.
	Tap func(Event)
	// Now is the clock, for events that carry no time and for verdicts
	// (time.Now).
	Now func() time.Time
	// Observers are told of every update, each in order and on a goroutine of
	// its own. They may call the timeline. Run waits for them to return.
	Observers []func(Update)
}

// Timeline keeps the attempts of all machines. Its methods are safe for
// concurrent use and never wait for an observer.
type Timeline struct {
	config    Config
	now       func() time.Time
	verdict   func(Attempt, time.Time) (Verdict, bool)
	observers []*observerQueue

	mu       sync.Mutex
	machines map[boot.MAC]*list.Element // of *machine
	recent   *list.List                 // latest first
	heardUp  bool                       // of any machine
}

// New returns a timeline that remembers nothing yet. Observers hear of it
// while Run runs.
func New(c Config) *Timeline {
	c.Machines = orDefault(c.Machines, defaultMachines)
	c.Attempts = orDefault(c.Attempts, defaultAttempts)
	c.Queue = orDefault(c.Queue, defaultQueue)
	t := &Timeline{
		config: c, now: c.Now,
		machines: make(map[boot.MAC]*list.Element), recent: list.New(),
	}
	if t.now == nil {
		t.now = time.Now
	}
	t.verdict = Judge
	if c.Onlooker {
		t.verdict = JudgeOnlooker
	}
	for _, o := range c.Observers {
		t.observers = append(t.observers, newObserverQueue(o, c.Queue))
	}
	return t
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// Run delivers updates to the observers and gives verdicts on boots that
// went silent, until ctx ends. Then it delivers what is still queued, waits
// for the observers and returns. Call it once.
func (t *Timeline) Run(ctx context.Context) {
	var observers sync.WaitGroup
	for _, p := range t.observers {
		observers.Go(func() { p.deliver(ctx) })
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.C:
			t.JudgeAll()
		}
	}
	observers.Wait()
}

// Observe takes in one event. It never blocks; when it returns, Attempts and
// Failed know of the event, so that a DISCOVER that ends one failed boot is
// already answered by the next rung of the ladder.
func (t *Timeline) Observe(e Event) {
	if e.Time.IsZero() {
		e.Time = t.now()
	}
	if t.config.Tap != nil {
		t.config.Tap(e)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.machine(e)
	if m == nil || !m.believes(e) {
		return
	}
	if current := m.current(); current.Begins(e) {
		t.closeAttempt(m, e)
		m.begin(e, t.config.Attempts)
	}
	before := m.current()
	after, steps := before.Next(e)
	m.attempts[len(m.attempts)-1] = after
	m.fetched = m.fetched || after.fetchedAny()
	m.shapes.learn(before, after, e)
	if before.Verdict != nil && after.Verdict == nil && after.Moved.After(before.Moved) {
		m.clear([]string{before.Verdict.Blames}) // it was slow, and has not failed
	}
	if stalledAnew(e, after) {
		m.slow(after)
	}
	t.heardUp = t.heardUp || after.Stage == IsUp
	u := Update{Time: e.Time, Attempt: after, Steps: steps, Progress: progress(e, after)}
	if after.Stage != before.Stage && after.Stage.lives() {
		m.clear(after.Routes)
		m.quicken(after)
		if m.keeps() {
			u.Learned = m.learned(after, e.Time)
		}
	}
	t.publish(u)
	if v, ok := t.verdict(after, e.Time); ok && after.Verdict == nil {
		t.giveVerdict(m, v, e.Time)
	}
}

// machine finds the machine that e is about, or makes its entry; nil means
// that e is nothing to remember a machine for.
func (t *Timeline) machine(e Event) *machine {
	if known, ok := t.machines[e.MAC]; ok {
		t.recent.MoveToFront(known)
		return known.Value.(*machine)
	}
	if !e.Kind.opens() {
		return nil
	}
	return t.remember(e)
}

// remember makes the entry of a machine that is new.
func (t *Timeline) remember(e Event) *machine {
	if t.recent.Len() >= t.config.Machines {
		t.makeRoom(e)
	}
	m := &machine{mac: e.MAC}
	t.machines[e.MAC] = t.recent.PushFront(m)
	return m
}

// closeAttempt gives a verdict on the attempt that a new one ends: a machine
// that starts over has given up, even if it was not silent for long.
func (t *Timeline) closeAttempt(m *machine, next Event) {
	a, at := m.current(), next.Time
	if a.Stage == "" {
		return
	}
	if h := a.loaderStage; h.refusals > 0 && !h.moved() {
		m.shapes.refuse(h.shape) // the last one, after which the machine gave up
	}
	v, ok := a.refusedProgram(next)
	if !ok {
		v, ok = a.startedOverShort(at)
	}
	if !ok {
		v, ok = m.ended(a, at)
	}
	if !ok {
		v, ok = neverUp(a, at, t.heardUp)
	}
	if ok {
		t.giveVerdict(m, a.withMemory(v), at)
		return
	}
	if a.Verdict != nil {
		return
	}
	if v, ok := t.verdict(a, a.Last.Add(closingPatience)); ok && (!v.Info || v.Cause == LeftByMenu) {
		t.giveVerdict(m, v, at)
	}
}

// JudgeAll gives a verdict on every attempt that has stalled by now. Run does so
// once a second; who has no Run, because the events are of the past, calls it.
func (t *Timeline) JudgeAll() {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for e := t.recent.Front(); e != nil; e = e.Next() {
		m := e.Value.(*machine)
		a := m.current()
		if a.Verdict != nil {
			continue
		}
		if v, ok := t.verdict(a, now); ok {
			t.giveVerdict(m, v, now)
		}
	}
}

// giveVerdict notes a verdict on the machine's current attempt. The same cause
// is told once in an attempt, however often the boot stalls on it.
func (t *Timeline) giveVerdict(m *machine, v Verdict, at time.Time) {
	m.attempts[len(m.attempts)-1].Verdict = &v
	m.blame(v.Blames)
	m.shapes.fail(v.Refused)
	if v.Cause == TransferStalled && at.Sub(m.current().Moved) >= stallSign && m.current().standsStill() {
		m.slow(m.current())
	}
	u := Update{Time: at, Attempt: m.current()}
	if !slices.Contains(m.given, v.Cause) {
		m.given = append(m.given, v.Cause)
		u.Verdict = &v
	}
	t.publish(u)
}
