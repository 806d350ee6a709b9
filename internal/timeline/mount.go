package timeline

import "strings"

// mount notes that the machine's system mounts an image, which says that it runs, or that it
// has done with it. Systems that look what is on a disk do so several times.
func (a Attempt) mount(e Event) (Attempt, []Step) {
	a.rootLost = ""
	if e.Kind == Unmounted && e.Err != "" {
		a.rootLost = mountText(e)
	}
	if e.Kind == Mounted {
		a = a.forward(e, Running)
		for _, s := range a.Steps {
			if s.Kind == Mounted && s.Name == e.Name && s.Proto == e.Proto {
				return a.countRepeat(Mounted), nil
			}
		}
	}
	a.Moved = e.Time
	return a.addStep(a.step(e, mountText(e)))
}

// mountText says what was mounted, or how much of it was read.
func mountText(e Event) string {
	over := strings.ToUpper(e.Proto)
	if e.Proto == "iscsi" {
		over = "iSCSI"
	}
	if e.Kind == Mounted {
		return "its system mounts " + Clean(e.Name) + " over " + over + ": it runs"
	}
	text := "its system has read " + Size(e.Bytes) + " of " + Clean(e.Name) + " over " + over
	if e.Err != "" {
		text += ", and is gone: " + Clean(e.Err)
	}
	return text
}
