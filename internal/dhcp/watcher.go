package dhcp

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// How a watcher takes its time. A bridge that is made, set up and given its
// address is one change; a kernel that tells nothing is asked again later.
const (
	settleTime = 100 * time.Millisecond
	retryTime  = time.Second
)

// Watcher follows the host's interfaces: they come, go and change their
// addresses while a server runs.
type Watcher struct {
	// Look is how the interfaces are looked at; see [Look].
	Look func() (Survey, error)
	// Open subscribes to changes of interfaces; nil is the kernel's, by netlink.
	Open func() (Subscription, error)

	again chan struct{}
}

// Subscription tells that something about the interfaces may have changed.
type Subscription interface {
	// Wait returns when there is news, or with an error when there will be none.
	Wait() error
	// Close ends a Wait.
	Close()
}

// NewWatcher returns a watcher of the named interfaces, or, without names, of
// all.
func NewWatcher(names []string) *Watcher {
	return &Watcher{Look: func() (Survey, error) { return Look(names) }, again: make(chan struct{}, 1)}
}

// Again has the watcher look again, whatever the kernel says. It doesn't wait
// for it.
func (w *Watcher) Again() {
	select {
	case w.again <- struct{}{}:
	default:
	}
}

// Run looks at the interfaces at once, and whenever there is news of them, and
// tells what it sees and what of it has changed since the look before, which at
// first is the one given. It ends with the context. It is an error if there is
// no news to be had at the start; later it is tried again.
func (w *Watcher) Run(ctx context.Context, before Survey, tell func(now Survey, changes []Change)) error {
	news, err := w.open()
	if err != nil {
		return fmt.Errorf("watch the network interfaces: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	var reader sync.WaitGroup
	reader.Go(func() { w.follow(ctx, news) })
	defer reader.Wait()
	defer cancel()
	w.Again()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.again:
		}
		if !sleep(ctx, settleTime) {
			return nil
		}
		select {
		case <-w.again: // of the same change
		default:
		}
		now, err := w.Look()
		if err != nil {
			if !sleep(ctx, retryTime) {
				return nil
			}
			w.Again()
			continue
		}
		tell(now, Changes(before, now))
		before = now
	}
}

// listen has the watcher look at each news. A subscription that breaks, as
// netlink's does when news come faster than they are read, may have lost some.
func (w *Watcher) follow(ctx context.Context, news Subscription) {
	for news != nil {
		w.read(ctx, news)
		news = w.reopen(ctx)
	}
}

func (w *Watcher) read(ctx context.Context, news Subscription) {
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		news.Close()
	})
	for news.Wait() == nil {
		w.Again()
	}
	if stop() {
		news.Close()
		return
	}
	<-closed
}

func (w *Watcher) reopen(ctx context.Context) Subscription {
	for sleep(ctx, retryTime) {
		if news, err := w.open(); err == nil {
			w.Again()
			return news
		}
	}
	return nil
}

func (w *Watcher) open() (Subscription, error) {
	if w.Open != nil {
		return w.Open()
	}
	return subscribe()
}

// sleep returns false if the context ended before the time was over.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// netlinkSubscription receives the kernel's messages about links and addresses,
// those of IPv6 for whoever follows besides. What they say isn't read: the next
// look shows it.
type netlinkSubscription struct{ socket *nl.NetlinkSocket }

func subscribe() (Subscription, error) {
	s, err := nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR)
	if err != nil {
		return nil, err
	}
	return netlinkSubscription{s}, nil
}

func (n netlinkSubscription) Wait() error {
	_, _, err := n.socket.Receive()
	return err
}

func (n netlinkSubscription) Close() { n.socket.Close() }
