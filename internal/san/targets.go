package san

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/spurboot/spur/iscsi"
)

// Targets are iSCSI targets by their names. They may be added and removed while
// they are served: sessions with one that is removed go on. The zero value has
// none.
//
// The disks of a target are opened at the first login, and released when the last
// session is over. Reservations go with that, so whoever wants them to last keeps
// the target in use.
type Targets struct {
	mu    sync.RWMutex
	found map[string]*openTarget // by both of their names
}

// openTarget is a target, and what is open of it while it is used.
type openTarget struct {
	Target

	mu     sync.Mutex
	users  int
	served *iscsi.Target
	disks  []Disk
	unused func() // called when nobody uses it any more; nil for nobody
}

// Add adds a target, whose names no other may have.
func (s *Targets) Add(t Target) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range []string{t.Name, t.Short} {
		if s.found[name] != nil {
			return fmt.Errorf("there is a target %s already", name)
		}
	}
	if s.found == nil {
		s.found = map[string]*openTarget{}
	}
	added := &openTarget{Target: t}
	s.found[t.Name] = added
	if t.Short != "" {
		s.found[t.Short] = added
	}
	return nil
}

// Remove removes a target, if it is there.
func (s *Targets) Remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.found[name]; t != nil {
		delete(s.found, t.Name)
		delete(s.found, t.Short)
	}
}

// Target implements iscsi.Targets.
func (s *Targets) Target(ctx context.Context, name string) (*iscsi.Target, error) {
	s.mu.RLock()
	t := s.found[name]
	s.mu.RUnlock()
	if t == nil {
		return nil, iscsi.ErrNoTarget
	}
	return t.use(ctx)
}

// Names implements iscsi.Targets.
func (s *Targets) Names(initiator string) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var names []string
	for name, t := range s.found {
		if name == t.Name && t.allow(initiator, nil) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// use opens the disks for the first of those who use the target.
func (t *openTarget) use(ctx context.Context) (*iscsi.Target, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.users == 0 {
		if err := t.open(ctx); err != nil {
			t.releaseDisks()
			return nil, err
		}
	}
	t.users++
	return t.served, nil
}

func (t *openTarget) open(ctx context.Context) error {
	t.served = &iscsi.Target{Name: t.Name, Auth: t.Auth, Allow: t.allow, LUNs: map[uint64]*iscsi.LUN{}, Release: t.release}
	for i, v := range t.LUNs {
		d, err := v.Open(ctx)
		if err != nil {
			return err
		}
		t.disks = append(t.disks, d)
		t.served.LUNs[uint64(i)] = &iscsi.LUN{
			Device: d.Device, BlockSize: t.BlockSize, ReadOnly: d.Device.Caps().ReadOnly, Vendor: "Spur", Product: "disk", Serial: v.Serial,
		}
	}
	return t.served.Check()
}

// release is called when one of those who use the target is gone.
func (t *openTarget) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.users--; t.users == 0 {
		t.releaseDisks()
	}
}

func (t *openTarget) releaseDisks() {
	for _, d := range t.disks {
		d.Release()
	}
	t.served, t.disks = nil, nil
	if t.unused != nil {
		t.unused()
	}
}
