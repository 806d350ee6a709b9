package iscsi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"

	"github.com/spurboot/spur/block/scsi"
)

// Targets finds targets. Names are those of RFC 7143 section 4.2.7, such as
// iqn.2026-11.com.example:disk1.
type Targets interface {
	// Target returns the target of a name, or an error, which wraps ErrNoTarget
	// where there is none. It is the same pointer for as long as one uses it, which
	// Target.Release ends.
	Target(ctx context.Context, name string) (*Target, error)
	// Names are the targets that a discovery tells the initiator of.
	Names(initiator string) []string
}

// ErrNoTarget is that no target has the name.
var ErrNoTarget = errors.New("no such target")

// Static makes Targets of a fixed list.
func Static(targets ...*Target) Targets { return staticTargets(targets) }

type staticTargets []*Target

func (s staticTargets) Target(_ context.Context, name string) (*Target, error) {
	at := slices.IndexFunc(s, func(t *Target) bool { return t.Name == name })
	if at < 0 {
		return nil, ErrNoTarget
	}
	return s[at], nil
}

func (s staticTargets) Names(initiator string) []string {
	var names []string
	for _, t := range s {
		if t.Allow == nil || t.Allow(initiator, nil) == nil {
			names = append(names, t.Name)
		}
	}
	return names
}

// Target is what initiators log in to: a name and its logical units. Its
// fields don't change while it is served.
type Target struct {
	Name  string
	Alias string
	LUNs  map[uint64]*LUN
	// Allow refuses an initiator by its name or address by an error; nil
	// allows all. addr is nil when a discovery asks.
	Allow func(initiator string, addr net.Addr) error
	// Auth is how initiators prove themselves; nil: they needn't.
	Auth *Auth
	// Release, if set, is called once for each time that Targets returned the
	// target: when the login failed, or its connection is over.
	Release func()

	mu       sync.Mutex
	sessions map[string]*session // by initiator port
}

// LUN is a logical unit: a device and how it shows itself. {Device: disk} is the
// least of one.
type LUN = scsi.Unit

// Check says what is wrong with the target's fields.
func (t *Target) Check() error {
	if t.Name == "" || len(t.Name) > maxName {
		return fmt.Errorf("target %.40q: a name has 1 to %d bytes", t.Name, maxName)
	}
	for n, l := range t.LUNs {
		if err := l.Check(); err != nil {
			return fmt.Errorf("target %s, LUN %d: %w", t.Name, n, err)
		}
		if n > scsi.MaxLUN {
			return fmt.Errorf("target %s, LUN %d: numbers go up to %d", t.Name, n, scsi.MaxLUN)
		}
	}
	return nil
}

func (t *Target) session(port string) *session {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sessions[port]
}

func (t *Target) enter(s *session) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sessions == nil {
		t.sessions = map[string]*session{}
	}
	if t.sessions[s.info.port()] != nil {
		return refuse(LoginUnavailable, "%s logs in twice at once", s.info.Initiator)
	}
	t.sessions[s.info.port()] = s
	return nil
}

func (t *Target) leave(s *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sessions[s.info.port()] == s {
		delete(t.sessions, s.info.port())
	}
}

// endOthers ends all sessions of the target but one.
func (t *Target) endOthers(but *session, err error) {
	for _, s := range t.all() {
		if s != but {
			s.end(err)
		}
	}
}

func (t *Target) all() []*session {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Values(t.sessions))
}
