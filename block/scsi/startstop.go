package scsi

import "slices"

// startStop is START STOP UNIT (SBC-3 section 5.20). Power conditions have no
// effect; a medium that can be removed is ejected and loaded.
func (c *Command) startStop() error {
	u := c.unit
	power, load, start := c.CDB[4]>>4, c.CDB[4]&2 != 0, c.CDB[4]&1 != 0
	if power != 0 {
		return nil // LOEJ and START are ignored then
	}
	if !start && c.CDB[4]&4 == 0 { // NO_FLUSH
		if err := c.sync(); err != nil {
			return err
		}
	}
	if !load {
		return nil
	}
	if !u.Removable {
		return invalidCDB(4)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if slices.ContainsFunc(u.nexuses, func(n *Nexus) bool { return n.prevents }) { // loading too: the changer is locked
		return fails(senseRemovalPrevent)
	}
	u.ejected = !start
	return nil
}

// preventAllow is PREVENT ALLOW MEDIUM REMOVAL (SPC-4 section 6.15).
func (c *Command) preventAllow() error {
	u := c.unit
	if c.CDB[4]&2 != 0 {
		return invalidCDB(4)
	}
	if !u.Removable {
		return fails(senseOpcode)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	c.nexus.prevents = c.CDB[4]&1 != 0
	return nil
}
