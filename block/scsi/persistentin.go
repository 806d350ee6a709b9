package scsi

import "encoding/binary"

// readKeys is PERSISTENT RESERVE IN, READ KEYS (SPC-4 section 6.16.2).
func (c *Command) readKeys() error {
	u := c.unit
	u.mu.Lock()
	p := u.reserves.head(8 * len(u.reserves.registered))
	for _, g := range u.reserves.registered {
		p = binary.BigEndian.AppendUint64(p, g.Key)
	}
	u.mu.Unlock()
	return c.give(p, c.u16(7))
}

// head begins parameter data: generation and length of what follows.
func (r *reservations) head(length int) []byte {
	p := binary.BigEndian.AppendUint32(make([]byte, 0, 8+length), r.generation)
	return binary.BigEndian.AppendUint32(p, uint32(length))
}

// readReservation is READ RESERVATION (SPC-4 section 6.16.3).
func (c *Command) readReservation() error {
	u := c.unit
	u.mu.Lock()
	r := &u.reserves
	p := r.head(0)
	if r.kind != 0 {
		p = binary.BigEndian.AppendUint64(r.head(16), r.holderKey())
		p = append(p, 0, 0, 0, 0, 0, byte(r.kind), 0, 0)
	}
	u.mu.Unlock()
	return c.give(p, c.u16(7))
}

// reportCapabilities is REPORT CAPABILITIES (SPC-4 section 6.16.4).
func (c *Command) reportCapabilities() error {
	u := c.unit
	p := []byte{0, 8, 0, 0x80, 0xea, 0x01, 0, 0} // TMV; all six types
	if u.Reservations != nil {
		p[2] |= 0x01 // PTPL_C
		u.mu.Lock()
		if u.reserves.persist {
			p[3] |= 0x01
		}
		u.mu.Unlock()
	}
	return c.give(p, c.u16(7))
}

// readFullStatus is READ FULL STATUS (SPC-4 section 6.16.5).
func (c *Command) readFullStatus() error {
	u := c.unit
	u.mu.Lock()
	r := &u.reserves
	var list []byte
	for _, g := range r.registered {
		id := g.Port.transportID()
		d := make([]byte, 24)
		binary.BigEndian.PutUint64(d, g.Key)
		if r.holds(g.Port) {
			d[12], d[13] = 1, byte(r.kind)
		}
		d[19] = 1 // relative target port
		binary.BigEndian.PutUint32(d[20:], uint32(len(id)))
		list = append(append(list, d...), id...)
	}
	p := append(r.head(len(list)), list...)
	u.mu.Unlock()
	return c.give(p, c.u16(7))
}

// transportID names an initiator's port (SPC-4 section 7.6.4.6, format 01b of the
// only transport whose ports have such names).
func (p portID) transportID() []byte {
	name := append([]byte(p.Initiator), 0)
	name = append(name, make([]byte, max(-len(name)&3, 20-len(name)))...)
	return append(binary.BigEndian.AppendUint16([]byte{0x45, 0}, uint16(len(name))), name...)
}
