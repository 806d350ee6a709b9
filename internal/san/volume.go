package san

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/spurboot/spur/block"
)

// A Volume is a disk as it is exported: what clients know it by, and how it is
// opened for one of them.
type Volume struct {
	// Name is what NBD clients ask for, and the path over HTTP.
	Name string
	// Description is for people.
	Description string
	// Serial tells the disk from all others, over iSCSI and AoE.
	Serial string
	// Open is called for each user of the disk, from any goroutine. Users at the
	// same time get the same device.
	Open func(context.Context) (Disk, error)
}

// Disk is a volume's disk for one user.
type Disk struct {
	Device block.Device
	// ETag, with its quotes, and Modified tell HTTP clients whether a disk that is
	// only read is as it was.
	ETag     string
	Modified time.Time
	// Release is called when the user is gone.
	Release func()
}

// Exports are volumes by their names, for NBD and HTTP. They may be added and
// removed while they are served: who uses one that is removed keeps it. The zero
// value has none.
type Exports struct {
	mu      sync.RWMutex
	names   []string // as they were added
	volumes map[string]Volume
}

// Add adds a volume, whose name no other may have.
func (e *Exports) Add(v Volume) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, twice := e.volumes[v.Name]; twice {
		return fmt.Errorf("there is an export %q already", v.Name)
	}
	if e.volumes == nil {
		e.volumes = map[string]Volume{}
	}
	e.names, e.volumes[v.Name] = append(e.names, v.Name), v
	return nil
}

// Remove removes a volume, if it is there.
func (e *Exports) Remove(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.volumes, name)
	e.names = slices.DeleteFunc(e.names, func(n string) bool { return n == name })
}

// find finds a volume. The only one is also the one without a name.
func (e *Exports) find(name string) (Volume, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if name == "" && len(e.names) == 1 {
		name = e.names[0]
	}
	v, ok := e.volumes[name]
	return v, ok
}

// all are the volumes, as they were added, at most so many of them.
func (e *Exports) all(most int) (volumes []Volume, more int) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	n := min(most, len(e.names))
	for _, name := range e.names[:n] {
		volumes = append(volumes, e.volumes[name])
	}
	return volumes, len(e.names) - n
}
