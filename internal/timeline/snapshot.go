package timeline

import (
	"slices"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// Machine is a machine as its latest attempt shows it.
type Machine struct {
	MAC       boot.MAC  `json:"mac"`
	UUID      boot.UUID `json:"uuid,omitzero"`
	Platform  string    `json:"platform,omitempty"`
	Interface string    `json:"if,omitempty"`
	Stage     Stage     `json:"stage"`
	Route     string    `json:"route,omitempty"`
	// Attempt is the number of the latest attempt.
	Attempt int       `json:"attempt"`
	Began   time.Time `json:"began"`
	Last    time.Time `json:"last"`
	// Step is the text of its latest step.
	Step    string   `json:"step,omitempty"`
	Verdict *Verdict `json:"verdict,omitempty"`
	// Failed lists the routes that failed on it.
	Failed []string `json:"failed,omitempty"`
}

// Machines lists the machines, the one heard of last first.
func (t *Timeline) Machines() []Machine {
	t.mu.Lock()
	defer t.mu.Unlock()
	machines := make([]Machine, 0, t.recent.Len())
	for e := t.recent.Front(); e != nil; e = e.Next() {
		machines = append(machines, e.Value.(*machine).snapshot())
	}
	return machines
}

func (m *machine) snapshot() Machine {
	a := m.current()
	s := Machine{
		MAC: m.mac, UUID: a.UUID, Platform: a.Platform, Interface: a.Interface,
		Stage: a.Stage, Route: a.Route, Attempt: a.Number, Began: a.Began, Last: a.Last,
		Verdict: a.Verdict, Failed: slices.Clone(m.failed),
	}
	if n := len(a.Steps); n > 0 {
		s.Step = a.Steps[n-1].Text
	}
	return s
}

// Attempts returns the boots of one machine that are remembered, oldest first;
// nil for a machine that is not known.
func (t *Timeline) Attempts(mac boot.MAC) []Attempt {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.machines[mac]; ok {
		return slices.Clone(e.Value.(*machine).attempts)
	}
	return nil
}

// Failed lists the routes that failed on a machine, oldest first. A route is
// taken off the list when it brings the machine to its kernel.
func (t *Timeline) Failed(mac boot.MAC) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.machines[mac]; ok {
		return slices.Clone(e.Value.(*machine).failed)
	}
	return nil
}
