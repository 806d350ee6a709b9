package scsi

import (
	"encoding/binary"
	"slices"
)

// persistRequest is the parameter list of PERSISTENT RESERVE OUT
// (SPC-4 section 6.17.3).
type persistRequest struct {
	port        portID
	action      byte
	scope       byte
	kind        reservationType
	key, newKey uint64
	persist     bool
	preempted   []portID // those whose registrations PREEMPT has taken
}

// Service actions (SPC-4 table 224).
const (
	persistRegister       = 0
	persistPreemptAbort   = 5
	persistRegisterIgnore = 6
)

func (c *Command) persistRequest() (q persistRequest, err error) {
	if n := int(c.u32(5)); n != 24 {
		return q, fails(senseParameterLength)
	}
	p, err := c.parameters(24)
	if err != nil {
		return q, err
	}
	q = persistRequest{
		port: c.nexus.port(), action: c.CDB[1] & 0x1f, scope: c.CDB[2] >> 4, kind: reservationType(c.CDB[2] & 0x0f),
		key: binary.BigEndian.Uint64(p), newKey: binary.BigEndian.Uint64(p[8:]), persist: p[20]&1 != 0,
	}
	if q.action != persistRegister && q.action != persistRegisterIgnore {
		return q, nil // the other fields are theirs
	}
	// SPEC_I_PT, ALL_TG_PT: not offered by REPORT CAPABILITIES.
	if p[20]&0x0c != 0 || q.persist && c.unit.Reservations == nil {
		return q, invalidList(20)
	}
	return q, nil
}

// persist makes a command of a service action, which is done under the unit's lock;
// what came of it is stored.
func persist(do func(u *Unit, q *persistRequest) error) func(*Command) error {
	return func(c *Command) error {
		q, err := c.persistRequest()
		if err == nil {
			err = c.persistently(&q, do)
		}
		if err == nil && q.action == persistPreemptAbort {
			c.abortPorts(q.preempted)
		}
		return err
	}
}

func (c *Command) persistently(q *persistRequest, do func(u *Unit, q *persistRequest) error) error {
	u := c.unit
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.holder != nil && u.holder != c.nexus {
		return errConflict
	}
	before := u.reserves
	before.registered = slices.Clone(before.registered)
	if err := do(u, q); err != nil {
		return err
	}
	if err := u.saveReservations(); err != nil {
		u.reserves = before // nothing came of it
		return deviceError(err, senseWriteError)
	}
	return nil
}

// registeredKey refuses those who aren't registered with the key they give.
func (u *Unit) registeredKey(q *persistRequest) error {
	if key, ok := u.reserves.key(q.port); !ok || key != q.key {
		return errConflict
	}
	return nil
}

// persistRegister is REGISTER, and REGISTER AND IGNORE EXISTING KEY
// (SPC-4 section 5.13.7).
func (u *Unit) persistRegister(q *persistRequest) error {
	r := &u.reserves
	key, known := r.key(q.port)
	if q.action == persistRegister && (known && key != q.key || !known && q.key != 0) {
		return errConflict
	}
	if !known && q.newKey != 0 && len(r.registered) >= maxRegistrations {
		return fails(senseNoRegistrations)
	}
	if !known && q.newKey == 0 {
		return nil
	}
	r.persist = q.persist
	if released := r.register(q.port, q.newKey); released.registrants() {
		u.attendRegistered(portID{}, senseResReleased)
	}
	return nil
}

// persistReserve is RESERVE (SPC-4 section 5.13.9).
func (u *Unit) persistReserve(q *persistRequest) error {
	r := &u.reserves
	if err := u.registeredKey(q); err != nil {
		return err
	}
	switch {
	case q.scope != 0 || !q.kind.valid():
		return invalidCDB(2)
	case r.kind == 0:
		r.kind, r.holder = q.kind, q.port
		return nil
	case r.holds(q.port) && r.kind == q.kind:
		return nil
	}
	return errConflict
}

// persistRelease is RELEASE (SPC-4 section 5.13.11.2).
func (u *Unit) persistRelease(q *persistRequest) error {
	r := &u.reserves
	if err := u.registeredKey(q); err != nil {
		return err
	}
	if r.kind == 0 || !r.holds(q.port) {
		return nil
	}
	if q.scope != 0 || q.kind != r.kind {
		return fails(senseBadRelease)
	}
	r.kind = 0
	if q.kind.registrants() {
		u.attendRegistered(q.port, senseResReleased)
	}
	return nil
}

// persistClear is CLEAR (SPC-4 section 5.13.11.6).
func (u *Unit) persistClear(q *persistRequest) error {
	r := &u.reserves
	if err := u.registeredKey(q); err != nil {
		return err
	}
	u.attendRegistered(q.port, senseResPreempted)
	r.generation++
	r.registered, r.kind = nil, 0
	return nil
}

// persistPreempt is PREEMPT, and PREEMPT AND ABORT (SPC-4 section 5.13.11.4).
func (u *Unit) persistPreempt(q *persistRequest) error {
	r := &u.reserves
	if err := u.registeredKey(q); err != nil {
		return err
	}
	takes := r.kind != 0 && (r.kind.all() && q.newKey == 0 || !r.kind.all() && q.newKey == r.holderKey())
	if q.newKey == 0 && !takes {
		return invalidList(8)
	}
	if takes && (q.scope != 0 || !q.kind.valid()) {
		return invalidCDB(2)
	}
	everyone := takes && r.kind.all()
	before := r.kind
	q.preempted = r.removeKey(func(g registration) bool {
		return g.Port != q.port && (everyone || g.Key == q.newKey)
	})
	if len(q.preempted) == 0 && !takes {
		return errConflict
	}
	r.generation++
	u.attendPorts(func(p portID) bool { return slices.Contains(q.preempted, p) }, senseRegPreempted)
	if takes {
		r.kind, r.holder = q.kind, q.port
		if before != q.kind {
			u.attendRegistered(q.port, senseResReleased)
		}
	}
	return nil
}

// abortPorts aborts the tasks of ports that were preempted.
func (c *Command) abortPorts(ports []portID) {
	for _, n := range c.unit.allNexuses() {
		if n != c.nexus && slices.Contains(ports, n.port()) {
			n.Abort()
		}
	}
}
