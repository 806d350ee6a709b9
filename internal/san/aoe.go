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
	initiators := &aoeInitiators{log: log, sessions: map[aoe.MAC]*session{}}
	server := aoe.Server{Targets: targets, Hooks: initiators.hooks()}
	err := server.Serve(ctx, link)
	for _, s := range initiators.sessions {
		s.ended(nil)
	}
	return err
}

// mostInitiators bounds those that are told of.
const mostInitiators = 1024

// aoeInitiators have a session each, which begins with the first command and ends
// with the server.
type aoeInitiators struct {
	log *Log

	mu       sync.Mutex
	sessions map[aoe.MAC]*session
}

func (i *aoeInitiators) hooks() aoe.Hooks {
	return aoe.Hooks{
		Command: func(_ *aoe.Target, from aoe.MAC, command aoe.Command) { i.session(from).countAoE(command) },
		Refused: func(_ *aoe.Target, from aoe.MAC, why string) {
			if s := i.session(from); s.failed.Add(1) == 1 {
				i.log.refused(s.who, why)
			}
		},
	}
}

// session is an initiator's. Those beyond the bound aren't told of.
func (i *aoeInitiators) session(from aoe.MAC) *session {
	i.mu.Lock()
	defer i.mu.Unlock()
	s := i.sessions[from]
	if s == nil {
		s = i.log.session(net.HardwareAddr(from[:]).String())
		if len(i.sessions) < mostInitiators {
			i.sessions[from] = s.connected("")
		}
	}
	return s
}

func (s *session) countAoE(command aoe.Command) {
	bytes := int64(command.Sectors) * 512
	switch {
	case !command.Failed && command.Name == "read":
		s.count(bytes, 0, false)
	case !command.Failed && command.Name == "write":
		s.count(0, bytes, false)
	default:
		s.count(0, 0, command.Failed)
	}
	if command.Err != nil {
		s.deviceError(command.Err)
	}
}
