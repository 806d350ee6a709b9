package qcow2

// markDirty says in the header that reference counts may be behind, before they
// are for the first time.
func (img *Image) markDirty() error {
	if !img.lazy || img.marked.Load() {
		return nil
	}
	if img.journal != nil && img.beginSession() == nil {
		return nil
	}
	img.heading.Lock()
	defer img.heading.Unlock()
	if img.marked.Load() {
		return nil
	}
	img.header.incompat |= incompatDirty
	if err := img.writeHeader(); err != nil {
		return err
	}
	img.marked.Store(true)
	return nil
}

// closeClean frees what waited for its last users and, where reference counts
// are lazy, writes them and says so. It does nothing where a flush is missing.
func (img *Image) closeClean() error {
	usable := !img.opts.ReadOnly && img.failed == nil
	missing := img.l2.dirty != nil || len(img.dirtyL1) > 0
	if !usable || missing || !img.marked.Load() && len(img.waiting)+len(img.unlinked) == 0 {
		return nil
	}
	if err := img.flush(false); err != nil || !img.marked.Load() {
		return err
	}
	if err := img.sync(); err != nil {
		return err
	}
	img.header.incompat &^= incompatDirty
	img.header.autoclear &^= autoclearSession
	return img.writeHeader()
}
