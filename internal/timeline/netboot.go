package timeline

import "github.com/spurboot/spur/internal/boot"

// Choose notes which NetBoot image a Mac has chosen; 0 for none of ours. The Mac is
// offered it the next time.
func (t *Timeline) Choose(mac boot.MAC, image uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var m *machine
	if e, known := t.machines[mac]; known {
		m = e.Value.(*machine)
	} else {
		m = t.remember(mac)
	}
	if m.chosen == image {
		return
	}
	m.chosen = image
	kept := m.kept
	kept.Image = image
	t.publish(Update{Time: t.now(), Attempt: Attempt{MAC: mac}, Learned: &kept})
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
