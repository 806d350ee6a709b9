package qcow2

import "context"

// enter begins an operation and returns what leave needs. Clusters that were
// in use when it began aren't used for anything else until it leaves.
func (img *Image) enter(ctx context.Context) (uint, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	img.mu.Lock()
	defer img.mu.Unlock()
	if err := img.waitWhile(ctx, func() bool { return img.exclusive }); err != nil {
		return 0, err
	}
	slot := img.epoch & 1
	img.active[slot]++
	return slot, nil
}

func (img *Image) leave(slot uint) {
	img.mu.Lock()
	img.active[slot]--
	if img.exclusive && img.active[0]+img.active[1] == 0 {
		img.changed.Broadcast()
	}
	img.mu.Unlock()
}

// lockOut waits until no operation is under way and keeps others out until
// letIn.
func (img *Image) lockOut(ctx context.Context) error {
	img.mu.Lock()
	defer img.mu.Unlock()
	if err := img.waitWhile(ctx, func() bool { return img.exclusive }); err != nil {
		return err
	}
	img.exclusive = true
	err := img.waitWhile(ctx, func() bool { return img.active[0]+img.active[1] != 0 })
	if err != nil {
		img.exclusive = false
		img.changed.Broadcast()
	}
	return err
}

func (img *Image) letIn() {
	img.mu.Lock()
	img.exclusive = false
	img.changed.Broadcast()
	img.mu.Unlock()
}

// waitWhile waits, with mu held, as long as busy says so.
func (img *Image) waitWhile(ctx context.Context, busy func() bool) error {
	if !busy() {
		return nil
	}
	stop := context.AfterFunc(ctx, func() {
		img.mu.Lock()
		defer img.mu.Unlock()
		img.changed.Broadcast()
	})
	defer stop()
	for busy() {
		if err := ctx.Err(); err != nil {
			return err
		}
		img.changed.Wait()
	}
	return nil
}

// advance begins new epochs as far as operations of the one before have left;
// mu is held. What was unlinked two epochs ago is seen by nobody.
func (img *Image) advance() uint {
	for range 2 {
		if img.active[(img.epoch+1)&1] != 0 {
			break
		}
		img.epoch++
	}
	return img.epoch
}
