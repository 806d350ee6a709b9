package aoe

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"
	"time"
)

// Found is a target that answered.
type Found struct {
	Shelf uint16
	Slot  uint8
	From  MAC
}

const (
	// mostFound bounds what Discover gathers.
	mostFound = 1024
	// askAgain is how often it asks, since frames are lost.
	askAgain = 250 * time.Millisecond
	// leastFrame is the shortest Ethernet frame, in bytes, without its checksum.
	leastFrame = 60
)

// Discover asks everybody on a link for the targets of a shelf, AnyShelf being
// all of them, and gathers who answers until the context ends. It interrupts
// the link, which is of no use to anybody afterwards. Targets of this host on
// the same interface don't hear it.
func Discover(ctx context.Context, l Link, shelf uint16) ([]Found, error) {
	defer context.AfterFunc(ctx, l.Interrupt)()
	asking, stop := context.WithCancel(ctx)
	var asker sync.WaitGroup
	asker.Go(func() { askAll(asking, l, shelf) })
	defer asker.Wait()
	defer stop()
	var found []Found
	buffer := make([]byte, 14+l.MTU())
	for len(found) < mostFound {
		frames := [][]byte{buffer}
		if _, err := l.Recv(frames); ctx.Err() != nil {
			return found, nil // that it was interrupted is no error
		} else if err != nil {
			return found, err
		}
		if f, is := frame(frames[0]).found(shelf); is && !slices.Contains(found, f) {
			found = append(found, f)
		}
	}
	return found, nil
}

// askAll asks now and again. Whom a network that is down keeps from it waits.
func askAll(ctx context.Context, l Link, shelf uint16) {
	question := newFrame(l.Address(), shelf, AnySlot, cmdConfig)[:leastFrame]
	question[headerSize+5] = version<<4 | configRead
	again := time.NewTicker(askAgain)
	defer again.Stop()
	for {
		l.Send([][]byte{question})
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// found says which target a frame is an answer of, if it is one to a query of
// the configuration.
func (f frame) found(shelf uint16) (Found, bool) {
	if len(f) < configSize || binary.BigEndian.Uint16(f[12:]) != EtherType || f[14]&flagResponse == 0 {
		return Found{}, false
	}
	is := f.command() == cmdConfig && (shelf == AnyShelf || f.shelf() == shelf)
	return Found{f.shelf(), f.slot(), f.source()}, is
}
