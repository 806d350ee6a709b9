package record

import (
	"container/list"
	"slices"
	"sync"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// Bounds of what is remembered.
const (
	maxMachines      = 1024
	maxOfOne         = 400       // entries of one machine
	maxPackets       = 200       // of one machine
	maxBytes         = 256 << 10 // of one machine
	maxBytesTogether = 16 << 20
	entryBytes       = 256 // what an entry takes beside its packet, about
)

// Recent remembers what passed between machines and servers lately: of each machine
// the beginning and the end, if it is much. It is safe for concurrent use, waits for
// nothing, and does no I/O.
type Recent struct {
	mu       sync.Mutex
	machines map[boot.MAC]*list.Element // of *recent
	order    list.List                  // heard of last first
	bytes    int
}

// recent is what is remembered of one machine.
type recent struct {
	mac     boot.MAC
	head    Head
	entries []timed
	packets int
	bytes   int
	omitted int
}

// timed is an entry with its time.
type timed struct {
	at time.Time
	Entry
}

// Knows tells whether anything is remembered of a machine.
func (r *Recent) Knows(mac boot.MAC) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.machines[mac]
	return ok
}

// Begin opens a machine's memory, with what is known of it now. One that is known
// already keeps what it has.
func (r *Recent) Begin(h Head) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.machines[h.MAC]; ok {
		return
	}
	if r.machines == nil {
		r.machines = map[boot.MAC]*list.Element{}
	}
	r.machines[h.MAC] = r.order.PushFront(&recent{mac: h.MAC, head: h})
	for r.order.Len() > maxMachines {
		r.forget()
	}
}

// forget forgets the machine that was not heard of for longest.
func (r *Recent) forget() {
	last := r.order.Remove(r.order.Back()).(*recent)
	delete(r.machines, last.mac)
	r.bytes -= last.bytes
}

// Add remembers an entry of a machine that Begin has opened. The progress of a file
// replaces what was remembered of it.
func (r *Recent) Add(mac boot.MAC, at time.Time, e Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.machines[mac]
	if !ok {
		return
	}
	r.order.MoveToFront(known)
	m := known.Value.(*recent)
	before := m.bytes
	m.add(timed{at, e})
	r.bytes += m.bytes - before
	for r.bytes > maxBytesTogether && r.order.Len() > 1 {
		r.forget()
	}
}

func (m *recent) add(t timed) {
	if t.Event != nil && t.Event.Kind == progress {
		m.drop(t.Event)
	}
	m.entries = append(m.entries, t)
	m.count(t, 1)
	for len(m.entries) > maxOfOne || m.packets > maxPackets || m.bytes > maxBytes && len(m.entries) > 2 {
		middle := len(m.entries) / 2
		m.count(m.entries[middle], -1)
		m.entries = slices.Delete(m.entries, middle, middle+1)
		m.omitted++
	}
}

// count adds what an entry takes, or takes it away.
func (m *recent) count(t timed, sign int) {
	m.bytes += sign * entryBytes
	if t.Packet != nil {
		m.packets += sign
		m.bytes += sign * len(t.Packet.Bytes)
	}
}

// progress is the kind of events of which the latest says all.
const progress = "fetch-progress"

// lookBack is how many entries lie between two reports of one file, if more are
// fetched at once.
const lookBack = 8

// drop takes away what was remembered of the progress of a file, which a later
// report makes worthless.
func (m *recent) drop(later *Event) {
	for i := len(m.entries) - 1; i >= max(0, len(m.entries)-lookBack); i-- {
		old := m.entries[i].Event
		if old != nil && old.Kind == progress && old.File == later.File && old.Role == later.Role {
			m.count(m.entries[i], -1)
			m.entries = slices.Delete(m.entries, i, i+1)
			return
		}
	}
}

// Between is what is remembered of a machine from one time to another, as a record;
// false where that is nothing.
func (r *Recent) Between(mac boot.MAC, from, to time.Time) (Record, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.machines[mac]
	if !ok {
		return Record{}, false
	}
	m := known.Value.(*recent)
	out := Record{Head: m.head}
	out.Head.Omitted = m.omitted
	answered := false
	for _, t := range m.entries {
		if t.at.Before(from) || t.at.After(to) {
			continue
		}
		if len(out.Entries) == 0 {
			out.Head.Began = t.at
		}
		if p := t.Packet; p != nil && p.Known != nil && !answered {
			out.Head.Known, answered = *p.Known, true
		}
		t.After = seconds(t.at.Sub(out.Head.Began))
		out.Entries = append(out.Entries, t.Entry)
	}
	return out, len(out.Entries) > 0
}

// seconds is a time to the millisecond, as people read it.
func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

// Judge ends a record with a verdict that was given at a time.
func (r *Record) Judge(at time.Time, v Verdict) {
	r.Entries = append(r.Entries, Entry{After: seconds(at.Sub(r.Head.Began)), Verdict: &v})
}
