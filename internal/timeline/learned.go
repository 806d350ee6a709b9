package timeline

import (
	"cmp"
	"slices"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// Learned is what the boots of a machine have taught about it: what its next boot
// begins with.
type Learned struct {
	// Routes brought it to its system last, in the order in which it took them.
	Routes []string `json:"routes,omitempty"`
	// Failed are the routes that failed on it, the oldest first.
	Failed []string `json:"failed,omitempty"`
	// Shape of offer that led it to its boot file last.
	Shape string `json:"shape,omitempty"`
	// Pace is how fast it is sent large files at most, in bytes a second; 0 for no
	// bound.
	Pace int64 `json:"pace,omitempty"`
	// Image is the NetBoot image that a Mac has chosen last; 0 for none.
	Image uint32 `json:"image,omitempty"`
	// Booted is when it was brought to its system last.
	Booted time.Time `json:"booted,omitzero"`
	// Sender brought its packets, where that was not the machine itself.
	Sender boot.MAC `json:"sender,omitzero"`
	// Another: its user wants another way than the last one.
	Another bool `json:"another,omitempty"`
}

// bounded is what there is room for, of a record that others may have written.
func (l Learned) bounded() Learned {
	l.Pace = min(max(l.Pace, 0), maxBytes)
	l.Routes, l.Failed, l.Shape = l.Routes[:min(len(l.Routes), maxRoutes)], l.Failed[:min(len(l.Failed), maxFailed)], clip(l.Shape)
	return l
}

// teaches tells whether two records make the next boot begin alike.
func (l Learned) teaches(other Learned) bool {
	return slices.Equal(l.Routes, other.Routes) && slices.Equal(l.Failed, other.Failed) && l.Shape == other.Shape && l.Pace == other.Pace && l.Image == other.Image
}

// learned is what of a machine is worth to be kept once it has booted.
func (m *machine) learned(a Attempt, at time.Time) *Learned {
	l := &Learned{
		Routes: slices.Clone(a.Routes), Failed: slices.Clone(m.failed), Shape: m.shapes.took, Pace: m.pace, Image: m.chosen, Booted: at.Truncate(time.Second),
	}
	if m.sender != m.mac {
		l.Sender = cmp.Or(m.sender, m.kept.Sender)
	}
	return l
}

// Recall tells the timeline what is kept about a machine. What differs from what
// was kept before, since somebody changed it, replaces what the timeline knows.
// The result is to be kept in its place, nil where nothing is to be changed.
func (t *Timeline) Recall(mac boot.MAC, kept Learned) *Learned {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.machines[mac]
	if !ok {
		return nil
	}
	m := e.Value.(*machine)
	if kept = kept.bounded(); !kept.teaches(m.kept) {
		m.failed, m.pace, m.chosen = slices.Clone(kept.Failed), kept.Pace, kept.Image
		m.shapes = shapes{took: kept.Shape, ask: m.shapes.ask}
	}
	m.kept = kept
	if !kept.Another {
		return nil
	}
	m.blame(m.lastWay(kept))
	kept.Failed, kept.Another = slices.Clone(m.failed), false
	return &kept
}

// lastWay is the route by which the machine was given its loader last.
func (m *machine) lastWay(kept Learned) string {
	for i := len(m.attempts) - 2; i >= 0; i-- { // the last has just begun
		if r := m.attempts[i].loaderRoute(); r != "" {
			return r
		}
	}
	if len(kept.Routes) > 0 {
		return kept.Routes[0]
	}
	return ""
}

// Kept tells the timeline that what a machine has taught was kept.
func (t *Timeline) Kept(mac boot.MAC, l Learned) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.machines[mac]; ok {
		e.Value.(*machine).kept = l
	}
}

// Know tells the timeline what is known of a machine that it has not heard of: what
// it has learned, and which shapes of offer it has refused since.
func (t *Timeline) Know(mac boot.MAC, l Learned, refused []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.machine(Event{MAC: mac, Kind: Asked})
	l = l.bounded()
	m.failed, m.pace = slices.Clone(l.Failed), l.Pace
	m.shapes = shapes{took: l.Shape, refused: slices.Clone(refused[:min(len(refused), maxShapes)])}
}
