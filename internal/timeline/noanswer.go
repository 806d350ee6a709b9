package timeline

import "time"

// silence is what keeps us from telling a machine what it boots, since it
// asked last.
type silence struct {
	kind         Kind // Ignored or NoAnswer; empty where we do tell
	since        time.Time
	reason, hint string
	script       string // that says so on the machine's screen
}

// silent folds our silence. Being left alone is no failure, so it neither moves
// the boot nor stalls it.
func (a Attempt) silent(e Event) (Attempt, []Step) {
	if a.silence.kind != e.Kind {
		a.silence.since = e.Time
	}
	a.silence.kind, a.silence.reason, a.silence.hint, a.silence.script = e.Kind, e.Reason, e.Hint, e.Name
	for i := len(a.Steps) - 1; i >= 0 && a.Steps[i].Kind == e.Kind; i-- {
		if a.Steps[i].Reason == e.Reason && a.Steps[i].Name == e.Name {
			return a.countRepeat(e.Kind), nil
		}
	}
	if !a.progressed() {
		a.Stage = LeftAlone
	}
	return a.addStep(a.step(e, silentText(e)))
}

// silentText says why we stay silent.
func silentText(e Event) string {
	switch {
	case e.Kind == NoAnswer && e.Name != "":
		return "script " + Clean(e.Name) + " has nothing to boot: " + Clean(e.Reason)
	case e.Kind == NoAnswer:
		return "gets no answer: " + Clean(e.Reason)
	case e.Reason == "":
		return "left alone"
	}
	return "left alone: " + Clean(e.Reason)
}
