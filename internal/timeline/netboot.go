package timeline

import "github.com/spurboot/spur/internal/boot"

// Choose notes which NetBoot image a Mac has chosen; 0 for none of ours. The Mac is
// offered it the next time. It is kept at once if the Mac said so itself and is one that
// has booted or fetched something here, else with what it fetches.
func (t *Timeline) Choose(c boot.Client, image uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := Event{MAC: c.MAC, Kind: Listed, Client: c, Time: t.now()}
	m := t.machine(e)
	if !m.believes(e) || m.chosen == image {
		return
	}
	m.chosen = image
	if c.Sender != c.MAC || m.kept.Booted.IsZero() && !m.fetched {
		return
	}
	kept := m.kept
	kept.Image = image
	t.publish(Update{Time: e.Time, Attempt: Attempt{MAC: c.MAC}, Learned: &kept})
}

// Chosen is the NetBoot image that a Mac has chosen; 0 for none.
func (t *Timeline) Chosen(mac boot.MAC) uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.machines[mac]; ok {
		return e.Value.(*machine).chosen
	}
	return 0
}
