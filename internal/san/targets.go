package san

import (
	"context"
	"fmt"
	"sync"

	"github.com/spurboot/spur/iscsi"
)

// Targets are iSCSI targets by their names. They may be added and removed while
// they are served. The zero value has none.
type Targets struct {
	mu    sync.Mutex
	names []string // as they were added
	found map[string]*iscsi.Target
}

// Add adds a target, whose name no other may have, and opens its disks.
func (s *Targets) Add(ctx context.Context, t Target) error {
	target, err := t.open(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found[t.Name] != nil {
		return fmt.Errorf("there is a target %s already", t.Name)
	}
	if s.found == nil {
		s.found = map[string]*iscsi.Target{}
	}
	s.names, s.found[t.Name] = append(s.names, t.Name), target
	if t.Short != "" {
		s.found[t.Short] = target
	}
	return nil
}

// open opens the disks of a target.
func (t *Target) open(ctx context.Context) (*iscsi.Target, error) {
	target := &iscsi.Target{Name: t.Name, Auth: t.Auth, Allow: t.allow, LUNs: map[uint64]*iscsi.LUN{}}
	for i, v := range t.LUNs {
		d, err := v.Open(ctx)
		if err != nil {
			return nil, err
		}
		target.LUNs[uint64(i)] = &iscsi.LUN{
			Device: d.Device, BlockSize: t.BlockSize, ReadOnly: d.Device.Caps().ReadOnly, Vendor: "Spur", Product: "disk", Serial: v.Serial,
		}
	}
	return target, target.Check()
}

// Target implements iscsi.Targets.
func (s *Targets) Target(name string) *iscsi.Target {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.found[name]
}

// Names implements iscsi.Targets.
func (s *Targets) Names(initiator string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, name := range s.names {
		if s.found[name].Allow(initiator, nil) == nil {
			names = append(names, name)
		}
	}
	return names
}
