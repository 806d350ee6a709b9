package iscsi

// startStop is START STOP UNIT (SBC-3 section 5.20). Power conditions have no
// effect; a medium that can be removed is ejected and loaded.
func (t *task) startStop() error {
	u := t.nexus.unit
	power, load, start := t.cdb[4]>>4, t.cdb[4]&2 != 0, t.cdb[4]&1 != 0
	if power != 0 {
		return nil // LOEJ and START are ignored then
	}
	if !start && t.cdb[4]&4 == 0 { // NO_FLUSH
		if err := t.sync(); err != nil {
			return err
		}
	}
	if !load {
		return nil
	}
	if !u.lun.Removable {
		return invalidCDB(4)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.removalPrevented() { // loading too: the changer is locked
		return fails(senseRemovalPrevent)
	}
	u.ejected = !start
	return nil
}

// removalPrevented: the caller holds u.mu.
func (u *unit) removalPrevented() bool {
	for _, n := range u.nexuses {
		if n.prevents {
			return true
		}
	}
	return false
}

// preventAllow is PREVENT ALLOW MEDIUM REMOVAL (SPC-4 section 6.15).
func (t *task) preventAllow() error {
	if t.cdb[4]&2 != 0 {
		return invalidCDB(4)
	}
	if !t.nexus.unit.lun.Removable {
		return fails(senseOpcode)
	}
	t.nexus.unit.mu.Lock()
	defer t.nexus.unit.mu.Unlock()
	t.nexus.prevents = t.cdb[4]&1 != 0
	return nil
}
