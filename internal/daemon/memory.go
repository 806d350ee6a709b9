package daemon

import (
	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/datafolder"
	"github.com/spurboot/spur/internal/machines"
	"github.com/spurboot/spur/internal/recorder"
	"github.com/spurboot/spur/internal/timeline"
)

// memory is the timeline with what is kept of machines over a restart.
type memory struct {
	events   *timeline.Timeline
	machines *machines.Kept     // nil without --data
	recorder *recorder.Recorder // nil where no failed boot is kept
	trouble  func(error)
}

// openMemory makes the timeline, and opens what is kept. A dry run keeps nothing.
func (d *daemon) openMemory() (*memory, error) {
	m := &memory{trouble: d.notices.storeTrouble}
	var err error
	if m.recorder, err = d.openRecorder(); err != nil {
		return nil, err
	}
	told := timeline.Config{Observers: append(d.notices.observers(), m.observe)}
	if m.recorder != nil {
		told.Tap, told.Observers = m.recorder.Event, append(told.Observers, m.recorder.Observe)
	}
	m.events = timeline.New(told)
	if m.recorder != nil {
		m.recorder.Events = m.events
	}
	if d.config.Data == "" || d.config.DryRun {
		return m, nil
	}
	if m.machines, err = machines.Open(machines.Dir(d.config.Data)); err != nil {
		return nil, advice.Or(err, datafolder.Advise(err))
	}
	return m, nil
}

// recall lets the timeline know what is kept of a machine that asks.
func (m *memory) recall(mac boot.MAC) {
	if m.machines == nil {
		return
	}
	kept, err := m.machines.Read(mac)
	if err != nil {
		m.trouble(machines.Advise(mac, err))
		return
	}
	if l := m.events.Recall(mac, kept); l != nil {
		m.keep(mac, *l)
	}
}

// observe keeps what a boot has taught.
func (m *memory) observe(u timeline.Update) {
	if u.Learned != nil && m.machines != nil {
		m.keep(u.Attempt.MAC, *u.Learned)
	}
}

func (m *memory) keep(mac boot.MAC, l timeline.Learned) {
	if err := m.machines.Write(mac, l); err != nil {
		m.trouble(err)
		return
	}
	m.events.Kept(mac, l)
}
