package disk

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"github.com/spurboot/spur/aoe"
)

// serveAoE serves disks on an Ethernet interface, in slots that follow each
// other.
func (c *Config) serveAoE(ctx context.Context, disks []*Disk, v *voice) error {
	link, err := aoe.Open(c.Interface)
	if err != nil {
		return explainAoE(err)
	}
	defer link.Close()
	giveUp, err := c.claimAoE(ctx)
	switch {
	case ctx.Err() != nil:
		return nil // interrupted before it began
	case err != nil:
		return err
	}
	defer giveUp()
	var targets []*aoe.Target
	for i, d := range disks {
		id, err := c.identity(d, i)
		if err != nil {
			return err
		}
		t := &aoe.Target{Shelf: c.Shelf, Slot: c.Slot + uint8(i), Device: d.Device, Serial: id.serial()}
		targets = append(targets, t)
	}
	if err := c.confine(disks, v); err != nil {
		return err
	}
	for i, d := range disks {
		v.ready(d, AoE, targets[i].Address()+" on "+c.Interface)
	}
	talk := &aoeTalk{voice: v, tallies: map[aoe.MAC]*tally{}}
	server := aoe.Server{Targets: targets, Hooks: talk.hooks()}
	err = server.Serve(ctx, link)
	talk.over()
	return err
}

// mostInitiators bounds those that are remembered.
const mostInitiators = 1024

// aoeTalk tells of initiators. AoE has no sessions: one begins with the first
// command of an initiator, and all end with the server.
type aoeTalk struct {
	*voice

	mu      sync.Mutex
	tallies map[aoe.MAC]*tally
}

func (a *aoeTalk) hooks() aoe.Hooks {
	return aoe.Hooks{
		Command: func(_ *aoe.Target, from aoe.MAC, command aoe.Command) {
			t := a.tally(from)
			countAoE(t, command)
			if command.Err != nil {
				a.trouble(address(from), t, command.Err)
			}
		},
		Refused: func(_ *aoe.Target, from aoe.MAC, why string) { a.refuse(from, why) },
	}
}

func (a *aoeTalk) refuse(from aoe.MAC, why string) {
	if t := a.tally(from); t.failed.Add(1) == 1 {
		who := address(from)
		a.say(slog.LevelWarn, fmt.Sprintf("%s  refused: %s", who, why), "step", "refused", "client", who, "err", why)
	}
}

// tally is an initiator's. Those beyond the bound aren't told of.
func (a *aoeTalk) tally(from aoe.MAC) *tally {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.tallies[from]
	if t == nil {
		t = newTally()
		if len(a.tallies) < mostInitiators {
			a.tallies[from] = t
			a.began(address(from), "")
		}
	}
	return t
}

// over tells of all.
func (a *aoeTalk) over() {
	for from, t := range a.tallies {
		a.voice.over(address(from), t, nil)
	}
}

func address(m aoe.MAC) string { return net.HardwareAddr(m[:]).String() }

func countAoE(t *tally, command aoe.Command) {
	t.commands.Add(1)
	switch {
	case command.Failed:
		t.failed.Add(1)
	case command.Name == "read":
		t.read.Add(int64(command.Sectors) * sector)
	case command.Name == "write":
		t.written.Add(int64(command.Sectors) * sector)
	}
}
