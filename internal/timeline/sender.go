package timeline

import (
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// senderLasts is how long a machine may be silent before packets of another sender than
// before are taken for its own: it may have been moved behind a router, or a bridge that
// puts its own address into frames.
const senderLasts = 10 * time.Minute

// believes tells whether an event changes what is known of the machine. Anybody can send
// packets in its name. What it sends itself counts, and of what others bring what the
// same one has brought before. What was known by its own packets is kept aside while
// others', which may be forged, are all that is heard, and holds again with its next.
func (m *machine) believes(e Event) bool {
	sender := e.Client.Sender
	switch {
	case sender == boot.MAC{} && e.Client.Relay.IsValid() && m.sender == m.mac && e.Time.Sub(m.heard) < senderLasts:
		return false // by DHCPv6, of which a relay shows no sender
	case sender == boot.MAC{}, sender == m.sender:
	case m.sender == boot.MAC{}:
		m.sender = sender
	case sender == m.mac:
		m.itself()
	case e.Time.Sub(m.heard) < senderLasts:
		return false
	default:
		m.another(sender)
	}
	m.heard = e.Time
	return true
}

// itself has the machine be what its own packets have shown.
func (m *machine) itself() {
	own := machine{mac: m.mac, sender: m.mac}
	if m.own != nil {
		own = *m.own
	}
	own.count = m.count
	*m = own
}

// another has it be what another sender brings.
func (m *machine) another(sender boot.MAC) {
	own := m.own
	if m.sender == m.mac {
		known := *m
		own = &known
	}
	*m = machine{mac: m.mac, sender: sender, own: own, count: m.count}
}

// keeps tells whether what the machine has taught may take the place of what is kept. By
// what others bring it is what came the same way, or nothing.
func (m *machine) keeps() bool {
	return m.sender == boot.MAC{} || m.sender == m.mac || m.kept.Booted.IsZero() || m.kept.Sender == m.sender
}

// makeRoom forgets a machine. Those that only asked, which costs nothing, get a quarter
// of the room, and those of them that one sender brings, half of that.
func (t *Timeline) makeRoom(e Event) {
	sender := e.Client.Sender
	brought := sender != boot.MAC{} && sender != e.MAC
	all, mine := 0, 0
	var oldest, oldestOfMine = t.recent.Back(), t.recent.Back()
	for at := t.recent.Front(); at != nil; at = at.Next() {
		m := at.Value.(*machine)
		if m.fetched {
			continue
		}
		all, oldest = all+1, at
		if brought && m.sender == sender {
			mine, oldestOfMine = mine+1, at
		}
	}
	spare := t.recent.Back()
	switch share := t.config.Machines / 4; {
	case brought && mine > share/2:
		spare = oldestOfMine
	case all > share:
		spare = oldest
	}
	delete(t.machines, t.recent.Remove(spare).(*machine).mac)
}
