package scsi

// conflicts says whether a reservation of another nexus forbids a command.
func (u *Unit) conflicts(n *Nexus, a access) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.holder != nil && u.holder != n && a&allowed == 0 {
		return true
	}
	return a&allowedPersist == 0 && u.reserves.conflict(n.port(), a&reader != 0)
}

// reserve6 is RESERVE (6) (SPC-2 section 7.21). It and persistent reservations
// exclude each other (SPC-3 section 5.6.3).
func (c *Command) reserve6() error {
	u := c.unit
	if c.CDB[1]&0x1f != 0 {
		return invalidCDB(1) // third parties and extents, obsolete
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.reserves.registered) > 0 {
		return errConflict
	}
	u.holder = c.nexus
	return nil
}

// release6 is RELEASE (6) (SPC-2 section 7.16); of what others hold it
// releases nothing and says nothing.
func (c *Command) release6() error {
	u := c.unit
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case len(u.reserves.registered) > 0:
		return errConflict
	case u.holder == c.nexus:
		u.holder = nil
	}
	return nil
}
