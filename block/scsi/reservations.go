package scsi

import "slices"

// portID is an initiator's port and the target it uses: that which registers and
// reserves (SPC-4 section 5.13.2). It outlives a Nexus.
type portID struct {
	Initiator string `json:"initiator"`
	Target    string `json:"target"`
}

func (n *Nexus) port() portID { return portID{n.Initiator, n.Target} }

// reservationType is how a persistent reservation excludes others
// (SPC-4 table 52).
type reservationType byte

const (
	writeExclusive            reservationType = 1
	exclusiveAccess           reservationType = 3
	writeExclusiveRegistrants reservationType = 5
	exclusiveRegistrants      reservationType = 6
	writeExclusiveAll         reservationType = 7
	exclusiveAll              reservationType = 8
)

func (r reservationType) valid() bool {
	return r == writeExclusive || r == exclusiveAccess || r >= writeExclusiveRegistrants && r <= exclusiveAll
}

func (r reservationType) all() bool { return r == writeExclusiveAll || r == exclusiveAll }

// registrants: all who are registered have access.
func (r reservationType) registrants() bool { return r >= writeExclusiveRegistrants }

func (r reservationType) readable() bool {
	return r == writeExclusive || r == writeExclusiveRegistrants || r == writeExclusiveAll
}

// reservations is the state of persistent reservations of a unit, and nothing
// else: sessions and their attentions are the callers'.
type reservations struct {
	generation uint32
	registered []registration
	kind       reservationType // 0: nothing is reserved
	holder     portID          // without a meaning for the types of all registrants
	persist    bool            // APTPL
}

// registration is a key that a port has registered.
type registration struct {
	Port portID `json:"port"`
	Key  uint64 `json:"key"`
}

// maxRegistrations of one unit.
const maxRegistrations = 1024

func (r *reservations) find(p portID) int {
	return slices.IndexFunc(r.registered, func(g registration) bool { return g.Port == p })
}

// key returns the key that a port has registered.
func (r *reservations) key(p portID) (uint64, bool) {
	if i := r.find(p); i >= 0 {
		return r.registered[i].Key, true
	}
	return 0, false
}

// holds says whether a port holds the reservation.
func (r *reservations) holds(p portID) bool {
	switch {
	case r.kind == 0:
		return false
	case r.kind.all():
		return r.find(p) >= 0
	}
	return r.holder == p
}

// conflict says whether the reservation forbids a command
// (SPC-4 section 5.13.1).
func (r *reservations) conflict(p portID, reads bool) bool {
	switch {
	case r.kind == 0 || r.holds(p):
		return false
	case r.kind.registrants() && r.find(p) >= 0:
		return false
	}
	return !reads || !r.kind.readable()
}

// register sets, changes or removes a port's key. It reports whether a
// reservation went with it.
func (r *reservations) register(p portID, key uint64) (released reservationType) {
	r.generation++
	i := r.find(p)
	switch {
	case key == 0 && i >= 0:
		return r.remove(i)
	case key == 0:
	case i >= 0:
		r.registered[i].Key = key
	default:
		r.registered = append(r.registered, registration{p, key})
	}
	return 0
}

// remove takes out a registration, and the reservation with its last holder.
func (r *reservations) remove(i int) (released reservationType) {
	holder := r.holds(r.registered[i].Port)
	r.registered = slices.Delete(r.registered, i, i+1)
	if !holder || r.kind.all() && len(r.registered) > 0 {
		return 0
	}
	released, r.kind = r.kind, 0
	return released
}

// removeKey takes out the registrations of a key, but for one port's.
func (r *reservations) removeKey(match func(registration) bool) (ports []portID) {
	r.registered = slices.DeleteFunc(r.registered, func(g registration) bool {
		if match(g) {
			ports = append(ports, g.Port)
		}
		return match(g)
	})
	return ports
}

// holderKey is the key of the holder, 0 for all registrants.
func (r *reservations) holderKey() uint64 {
	if r.kind.all() {
		return 0
	}
	key, _ := r.key(r.holder)
	return key
}
