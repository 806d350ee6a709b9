package timeline

import "time"

// Judge says what stalls an attempt at the time now, or false when nothing
// does (yet). It looks at nothing but its arguments.
func Judge(a Attempt, now time.Time) (Verdict, bool) {
	if a.Stage == Running {
		return a.outOfMemory(now)
	}
	if a.Stage == "" || a.Stage == IsUp || a.Stage == Elsewhere {
		return Verdict{}, false
	}
	if a.silence.kind == NoAnswer || a.silence.script != "" {
		return nothingToBoot(a, now)
	}
	still := now.Sub(a.Moved)
	for _, judge := range []func(Attempt, time.Time, time.Duration) (Verdict, bool){
		noHandshake, wrongProgram, chainloadLoop, kernelLoop, noDHCPServer, offersRefused, choseNone, offerIgnored, fileNotFetched,
		transferStalled, transferAborted, fileWanting, shimSilent, loaderSilent, kernelNotFetched, kernelRefused, noSignOfLife,
	} {
		if v, ok := judge(a, now, still); ok {
			return a.withMemory(v), true
		}
	}
	return Verdict{}, false
}

// resting tells whether what the machine fetched last is what it did last:
// nothing is under way, and no program asked since.
func (a Attempt) resting() bool {
	for _, t := range a.Transfers {
		if t.Running() {
			return false
		}
	}
	return a.latest.Role != "" && (a.loaderStage.fetched || a.loaderStage.asks == 0)
}
