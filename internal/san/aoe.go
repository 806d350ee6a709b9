package san

import (
	"context"
	"net"
	"sync"

	"github.com/spurboot/spur/aoe"
)

// ServeAoE serves targets on a link until the context ends. They are fixed, and
// their devices open all the while: AoE has no sessions.
func ServeAoE(ctx context.Context, link aoe.Link, targets []*aoe.Target, log *Log) error {
	initiators := &aoeInitiators{Log: log, tallies: map[aoe.MAC]*tally{}}
	server := aoe.Server{Targets: targets, Hooks: initiators.hooks()}
	err := server.Serve(ctx, link)
	initiators.ended()
	return err
}

// mostInitiators bounds those that are remembered.
const mostInitiators = 1024

// aoeInitiators tell of themselves. AoE has no sessions: one begins with the first
// command of an initiator, and all end with the server.
type aoeInitiators struct {
	*Log

	mu      sync.Mutex
	tallies map[aoe.MAC]*tally
}

func (i *aoeInitiators) hooks() aoe.Hooks {
	return aoe.Hooks{
		Command: func(_ *aoe.Target, from aoe.MAC, command aoe.Command) {
			t := i.tally(from)
			countAoE(t, command)
			if command.Err != nil {
				i.deviceError(address(from), t, command.Err)
			}
		},
		Refused: func(_ *aoe.Target, from aoe.MAC, why string) { i.refuse(from, why) },
	}
}

func (i *aoeInitiators) refuse(from aoe.MAC, why string) {
	if t := i.tally(from); t.failed.Add(1) == 1 {
		i.refused(address(from), why)
	}
}

// tally is an initiator's. Those beyond the bound aren't told of.
func (i *aoeInitiators) tally(from aoe.MAC) *tally {
	i.mu.Lock()
	defer i.mu.Unlock()
	t := i.tallies[from]
	if t == nil {
		t = newTally()
		if len(i.tallies) < mostInitiators {
			i.tallies[from] = t
			i.connected(address(from), "")
		}
	}
	return t
}

// ended tells of all.
func (i *aoeInitiators) ended() {
	for from, t := range i.tallies {
		i.Log.ended(address(from), t, nil)
	}
}

func address(m aoe.MAC) string { return net.HardwareAddr(m[:]).String() }

func countAoE(t *tally, command aoe.Command) {
	t.commands.Add(1)
	switch {
	case command.Failed:
		t.failed.Add(1)
	case command.Name == "read":
		t.read.Add(int64(command.Sectors) * 512)
	case command.Name == "write":
		t.written.Add(int64(command.Sectors) * 512)
	}
}
