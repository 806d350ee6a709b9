package replay

import (
	"fmt"
	"maps"
	"os"
	"path"
	"slices"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/record"
	"github.com/spurboot/spur/internal/recorder"
	"github.com/spurboot/spur/internal/timeline"
)

// event is something else that was seen. What could not be had, and can be today,
// didn't happen.
func (p *player) event(e record.Event) {
	switch timeline.Kind(e.Kind) {
	case timeline.Ignored, timeline.NoAnswer: // today's answers tell of that
		return
	case timeline.FetchFailed:
		if e.Refusal == "" || e.Spare {
			break
		}
		if p.refused = path.Base(e.File); p.hasToday(e) {
			p.there[e.File] = true
			return
		}
	}
	out := recorder.EventFrom(e)
	out.MAC, out.Time = p.record.Head.MAC, p.now
	p.events.Observe(out)
}

// hasToday tells whether Spur has today a file that it refused.
func (p *player) hasToday(e record.Event) bool {
	if i := slices.IndexFunc(p.Files, func(f boot.File) bool { return f.Base() == e.File }); i >= 0 {
		return p.Files[i].IsURL() || isFile(p.Files[i].Source)
	}
	for _, b := range p.Brought {
		if f, ok := b.File(e.File); ok && (f.IsURL() || isFile(f.Source)) {
			return true
		}
	}
	b, ok := p.Tree.Loaders.Named(e.File)
	return ok && isFile(b.Path)
}

// judge says what became of the boot.
func (p *player) judge() error {
	for _, name := range slices.Sorted(maps.Keys(p.there)) {
		p.line("           %s could not be had then, and can be today", name)
	}
	was := p.record.Verdict()
	p.events.Elapse(p.now.Add(timeline.SilenceMost), &p.now)
	var again *timeline.Verdict
	for _, a := range p.events.Attempts(p.record.Head.MAC) {
		if v := a.Verdict; v != nil && !v.Info && (again == nil || was != nil && string(v.Cause) == was.Cause) {
			again = v
		}
	}
	if was != nil {
		p.line("It failed then:  %s: %s", was.Cause, was.Sentence)
	}
	switch {
	case p.asked == 0:
		return advice.Wrap(fmt.Errorf("%w: it has no request of a machine that asks to boot", record.ErrFormat), "name a record of a boot")
	case p.answers == 0 || p.unanswered > 0 && was == nil:
		return advice.Wrap(fmt.Errorf("%w: Spur doesn't answer it%s", ErrWouldFail, because(p.silent)), p.unansweredAdvice())
	case was != nil && p.hasCause(timeline.Cause(was.Cause)):
		p.line("What it failed on is gone: it should boot now.")
	case was == nil && again != nil && again.Cause == timeline.NoDHCPServer:
		return advice.Wrap(fmt.Errorf("%w: it is answered, but nobody gives it an address (%s)", ErrWouldFail, again.Cause), again.Hint)
	case again != nil && was != nil && string(again.Cause) == was.Cause && p.differ > 0 && again.Blames == "" && again.Refused == "":
		return advice.Wrap(fmt.Errorf("%w: it is answered otherwise, which is not what it failed by (%s)", ErrWouldFail, again.Cause), again.Hint)
	case was != nil && p.differ == 0 && again != nil && string(again.Cause) == was.Cause:
		return advice.Wrap(fmt.Errorf("%w: it is answered as it was, and would fail again (%s)", ErrWouldFail, again.Cause), again.Hint)
	case was != nil && p.differ == 0 && again != nil:
		return advice.Wrap(fmt.Errorf("%w: it would fail by another cause (%s): %s", ErrWouldFail, again.Cause, again.Sentence), again.Hint)
	case was == nil:
		p.line("It is answered today.")
	case p.differ > 0:
		p.line("It is answered otherwise today than when it failed: it may boot now.")
	default:
		p.line("What it failed on is gone: it should boot now.")
	}
	return nil
}

// unansweredAdvice is what to do where Spur would answer nothing.
func (p *player) unansweredAdvice() string {
	if p.Tree.Host.Loader != "" {
		return "leave --loader out: by that one alone such a machine doesn't boot this; spur explain says what is in the way of each route"
	}
	return "spur explain says what is in the way of each route"
}

// hasCause tells whether Spur has today what a boot failed on: the file that was asked for
// last, in whatever folder, or one of the names under which a loader looked for its
// configuration. What the machine would ask for next, the record doesn't have.
func (p *player) hasCause(c timeline.Cause) bool {
	switch c {
	case timeline.LoaderSilent:
		return len(p.there) > 0
	case timeline.FileMissing, timeline.FileRefused:
		for name := range p.there {
			if path.Base(name) == p.refused {
				return true
			}
		}
	}
	return false
}

// isFile tells whether a path is a file that can be read.
func isFile(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	return f.Close() == nil
}
