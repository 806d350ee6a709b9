package qcow2

import "context"

// Epochs say when a host cluster that nothing refers to any more may be used for
// something else: an operation that read the old entry may still be reading or
// writing there.
//
// An operation belongs to the epoch in which it began. A new epoch begins only
// once the operations of the previous one have left, so those that are under way
// are of the current epoch or the previous one. This is the rule of two: what an
// epoch gives up is free two epochs later. Epoch e+2 begins only once the
// operations of e have left, and e+1 only once those of e-1 have; those that
// began later have seen the new entry.

// epochsUntilFree is the rule of two.
const epochsUntilFree = 2

// slotOf is where in Image.active the operations of an epoch are counted. The
// current epoch and the previous one have different slots.
func slotOf(epoch uint) uint { return epoch % 2 }

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
	slot := slotOf(img.epoch)
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

// advance begins new epochs, as far as operations of the previous one have left,
// and returns the current one; mu is held. Two at once are enough to free what
// was given up just before, where nobody is under way.
func (img *Image) advance() uint {
	for range epochsUntilFree {
		previous := img.epoch - 1
		if img.active[slotOf(previous)] != 0 {
			break
		}
		img.epoch++
	}
	return img.epoch
}
