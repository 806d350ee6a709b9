package timeline

import (
	"slices"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// Transfer is one file on its way to the machine, however many tries or ranges
// it takes.
type Transfer struct {
	Role  Role   `json:"role"`
	Name  string `json:"file"`
	Proto string `json:"proto,omitempty"`
	Route string `json:"route,omitempty"`
	// Loader is which program a loader's file is, where one starts another.
	Loader boot.Loader `json:"loader,omitempty"`
	Start  time.Time   `json:"start"`
	// Last is when it last moved.
	Last  time.Time `json:"last"`
	Bytes int64     `json:"bytes"`
	Total int64     `json:"total,omitempty"`
	// Done is set once all of it went through, Err while it is broken off.
	Done bool   `json:"done"`
	Err  string `json:"err,omitempty"`
	// Times is how often it was fetched completely.
	Times int `json:"times"`

	running   int   // sessions under way: a repeated request opens a second one
	before    int64 // bytes of the ranges that are through
	pieces    bool  // told as fetched in pieces
	loads     int   // complete fetches of a loader since the last script
	reported  bool  // progress was reported
	waited    bool  // told as awaited
	refusal   Refusal
	stalled   bool // broke off after it had stood still
	elsewhere bool // goes to another address than the machine's
	waits     bool // a script that is a menu
	leaves    bool // a script that sends the machine to its own disk
	partly    bool // only a part of it was captured
	more      bool // a kernel that is no use without what follows it
}

// Running tells whether the file is on its way at this moment.
func (t Transfer) Running() bool { return t.running > 0 && !t.Done && t.Err == "" }

// Took is how long the transfer took, or has taken so far.
func (t Transfer) Took() time.Duration { return t.Last.Sub(t.Start) }

// transfer finds the entry for e's file in a copy of the list, or makes one.
// Of more than the bound, the one that rests for longest is forgotten.
func (a Attempt) transfer(e Event) ([]Transfer, int) {
	list := slices.Clone(a.Transfers)
	for i, t := range list {
		if t.Role == e.Role && t.Name == e.Name {
			return list, i
		}
	}
	if len(list) >= maxTransfers {
		oldest := 0
		for i, t := range list {
			if t.Last.Before(list[oldest].Last) {
				oldest = i
			}
		}
		list = slices.Delete(list, oldest, oldest+1)
	}
	return append(list, Transfer{Role: e.Role, Name: e.Name, Start: e.Time, Last: e.Time}), len(list)
}

// fetch folds one event of a transfer.
func (a Attempt) fetch(e Event) (Attempt, []Step) {
	if e.Spare && e.Kind != FetchEnd {
		a.Moved, a.loaderStage.fetched, a.loaderStage.runs = e.Time, true, true
		return a, nil
	}
	list, i := a.transfer(e)
	a.Transfers, a.loaderStage.fetched = list, true
	t := &list[i]
	if e.Route != "" {
		t.Route = e.Route
	} else if t.Route == "" {
		t.Route = a.Route
	}
	t.elsewhere = a.isElsewhere(e)
	e.Route, t.Proto = t.Route, orElse(e.Proto, t.Proto)
	t.partly = e.Partly
	t.Total, t.Loader, t.more, t.waits, t.leaves = max(t.Total, e.Total), e.Loader, e.More, e.Waits, e.Leaves
	switch {
	case e.Kind == Awaited:
		return a.awaited(e, t)
	case e.Kind == FetchStart:
		return a.fetchStart(e, t)
	case e.Kind == FetchProgress:
		return a.fetchProgress(e, t)
	case e.Kind == FetchEnd:
		return a.fetchEnd(e, t)
	case e.Kind == SizeAsked:
		t.running = max(t.running-1, 0)
		a.Moved = e.Time
		return a, nil
	case !t.Done && e.Total > 0 && e.Bytes >= e.Total:
		// PXE ROMs start a loader without acknowledging its last block: the
		// server misses the end of a transfer that the client does not miss.
		e.Kind, e.Err = FetchEnd, ""
		return a.fetchEnd(e, t)
	}
	return a.fetchFailed(e, t)
}

func orElse(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}

func (a Attempt) fetchStart(e Event, t *Transfer) (Attempt, []Step) {
	if t.running == 0 && (t.Done || t.Err != "" || t.Bytes == 0) {
		t.Start, t.Bytes, t.before = e.Time, 0, 0
		t.Done, t.Err, t.reported = false, "", false
	}
	t.running++
	t.Last = e.Time
	return a.forward(e, a.stageOf(e.Role)), nil
}

func (a Attempt) fetchProgress(e Event, t *Transfer) (Attempt, []Step) {
	t.reported, t.running = true, max(t.running, 1)
	if through := t.before + e.Bytes; through > t.Bytes {
		t.Bytes, t.Last, t.Err = through, e.Time, ""
		a = a.forward(e, a.stageOf(e.Role))
	}
	return a, nil
}

// awaited notes that the file has yet to come to us. It is told once.
func (a Attempt) awaited(e Event, t *Transfer) (Attempt, []Step) {
	t.Last = e.Time
	a = a.forward(e, a.stageOf(e.Role))
	if t.waited {
		return a, nil
	}
	t.waited = true
	return a.addStep(a.step(e, awaitedText(*t)))
}

// stageOf is the stage that a machine is at while it fetches such a file.
func (a Attempt) stageOf(r Role) Stage {
	switch r {
	case RoleKernel, RoleInitrd, RoleModule:
		if !a.kernel {
			return Fetching
		}
	case RoleLoader, RoleScript:
		return Loading
	}
	if a.kernel {
		return HandedOver
	}
	return a.Stage
}

// fetchEnd notes a complete transfer, or a range of one.
func (a Attempt) fetchEnd(e Event, t *Transfer) (Attempt, []Step) {
	t.running, t.Last, t.Err = max(t.running-1, 0), e.Time, ""
	if e.Bytes < e.Total {
		t.before = min(t.before+e.Bytes, maxBytes)
		t.Bytes = max(t.Bytes, t.before)
		if t.before < e.Total || t.pieces && t.Done {
			return a.piece(e, t)
		}
	} else {
		t.Bytes = e.Bytes
	}
	t.Done, t.Total = true, max(t.Total, t.Bytes)
	t.Times++
	a = a.completed(e, t)
	if a.isRPi() && t.Times > 1 && e.Role != RoleKernel {
		return a, nil // its firmware reads config.txt over and over
	}
	s := a.step(e, fetchedText(*t))
	s.Bytes, s.Total, s.Took, s.Proto = t.Bytes, t.Total, Span(t.Took()), t.Proto
	t.before = 0
	return a.addStep(s)
}

// piece notes a range of a file. It is told once: a loader that boots from a
// disk over HTTP reads thousands of them.
func (a Attempt) piece(e Event, t *Transfer) (Attempt, []Step) {
	a = a.forward(e, a.stageOf(e.Role))
	a.latest = *t
	if t.pieces {
		return a, nil
	}
	t.pieces = true
	return a.addStep(a.step(e, piecesText(*t)))
}

// completed draws the conclusions from a complete transfer.
func (a Attempt) completed(e Event, t *Transfer) Attempt {
	switch e.Role {
	case RoleKernel:
		a.kernel = true
		a = a.forward(e, HandedOver)
	case RoleScript:
		for i := range a.Transfers {
			a.Transfers[i].loads = 0
		}
		if a = a.forward(e, a.stageOf(e.Role)); t.leaves {
			a = a.forward(e, Elsewhere)
		}
	case RoleLoader:
		t.loads++
		a.loaderStage.runs = false
		a = a.forward(e, a.stageOf(e.Role))
	default:
		a = a.forward(e, a.stageOf(e.Role))
	}
	a.latest, a.loaderStage.notFound, a.loaderStage.wanting = *t, Transfer{}, wanting{}
	return a
}

// fetchFailed notes a transfer that broke off, unless it was none: the second
// session that a repeated request opened.
func (a Attempt) fetchFailed(e Event, t *Transfer) (Attempt, []Step) {
	t.running = max(t.running-1, 0)
	if t.Done || t.running > 0 {
		a.Moved = e.Time
		return a, nil
	}
	t.refusal = e.Refusal
	t.stall(e.Time)
	t.Bytes, t.Last, t.Err = max(t.Bytes, t.before+e.Bytes), e.Time, orElse(e.Err, "broke off")
	a.Moved = e.Time
	if e.Role == RoleFile || e.Role == "" {
		a.loaderStage.notFound = *t
		a.loaderStage.wanting = a.loaderStage.wanting.askedFor(*t)
		if n := len(a.Steps); n > 0 && a.Steps[n-1].Kind == FetchFailed {
			// Loaders look for one file after another until one is there.
			return a.failedAgain(e), nil
		}
	} else {
		a.latest = *t
	}
	s := a.step(e, failedText(*t))
	if n := len(a.Steps); e.Onlooker && e.Refusal != "" && n > 0 && a.Steps[n-1].Kind == FetchFailed && a.Steps[n-1].Text == s.Text {
		return a.failedAgain(e), nil // by HEAD first, then by GET
	}
	s.Bytes, s.Total, s.Took, s.Err = t.Bytes, t.Total, Span(t.Took()), t.Err
	return a.addStep(s)
}

// failedAgain counts a request with the latest step, which is one that came to nothing too.
func (a Attempt) failedAgain(e Event) Attempt {
	a = a.countRepeat(FetchFailed)
	if last := &a.Steps[len(a.Steps)-1]; last.Name != e.Name {
		last.Others++
	}
	return a
}

// progress is the transfer that e moved, for observers.
func progress(e Event, a Attempt) *Transfer {
	switch e.Kind {
	case FetchStart, FetchProgress, FetchEnd, FetchFailed, SizeAsked:
	default:
		return nil
	}
	e = e.bounded()
	for _, t := range a.Transfers {
		if t.Role == e.Role && t.Name == e.Name {
			return &t
		}
	}
	return nil
}
