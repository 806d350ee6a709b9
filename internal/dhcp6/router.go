package dhcp6

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/mdlayher/ndp"
	"golang.org/x/net/ipv6"

	"github.com/spurboot/spur/internal/nic"
)

// When advertisements are sent unasked (RFC 4861 sections 6.2.4 and 10): the
// first ones soon, so that a machine that is on already needn't ask.
const (
	firstAdvertisements = 3
	firstInterval       = 16 * time.Second
	minInterval         = 200 * time.Second
	maxInterval         = 600 * time.Second
	// betweenMulticasts is the least time between two to all nodes.
	betweenMulticasts = 3 * time.Second
)

// Router sends router advertisements: unasked, and to machines that solicit
// them. It is no router; where no other one is, machines need to be told that
// there is a DHCPv6 server.
type Router struct {
	what   func(Interface) (Advertisement, bool)
	failed func(iface string, err error)

	mu     sync.Mutex
	all    map[int]*advertiser // by index
	ended  sync.WaitGroup
	closed bool
}

// NewRouter returns a router that advertises nothing before [Router.Set]. What
// says what to advertise on an interface, if anything; failed is told of an
// interface on which that has ended, and may be nil. The caller must Close it.
func NewRouter(what func(Interface) (Advertisement, bool), failed func(iface string, err error)) *Router {
	return &Router{what: what, failed: failed, all: map[int]*advertiser{}}
}

// Set says which interfaces there are from now on. An error is of interfaces on
// which nothing can be advertised.
func (r *Router) Set(interfaces []Interface) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	left := r.all
	r.all = map[int]*advertiser{}
	var errs []error
	for _, i := range interfaces {
		says, any := r.what(i)
		if !any {
			continue
		}
		if a := left[i.Index]; a != nil && a.says == says && a.on.Name == i.Name && a.on.LinkLocal == i.LinkLocal && !a.over() {
			r.all[i.Index] = a
			delete(left, i.Index)
			continue
		}
		a, err := r.begin(i, says)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r.all[i.Index] = a
	}
	for _, a := range left {
		a.cancel()
	}
	return errors.Join(errs...)
}

func (r *Router) begin(i Interface, says Advertisement) (*advertiser, error) {
	if err := says.Check(); err != nil {
		return nil, err
	}
	a, err := newAdvertiser(i, says)
	if err != nil {
		return nil, err
	}
	r.ended.Go(func() {
		if err := a.run(); err != nil && r.failed != nil {
			r.failed(i.Name, err)
		}
	})
	return a, nil
}

// Close ends all advertisements.
func (r *Router) Close() {
	r.mu.Lock()
	r.closed = true
	for _, a := range r.all {
		a.cancel()
	}
	r.mu.Unlock()
	r.ended.Wait()
}

// advertiser is the socket of one interface.
type advertiser struct {
	on     Interface
	says   Advertisement
	conn   *ndp.Conn
	ctx    context.Context // of run
	cancel context.CancelFunc
	done   chan struct{}

	sending sync.Mutex // has the write deadline
}

func newAdvertiser(i Interface, says Advertisement) (*advertiser, error) {
	// Package ndp puts the name into addresses.
	named := &net.Interface{Index: i.Index, Name: i.zone(), HardwareAddr: i.MAC}
	conn, _, err := ndp.Listen(named, ndp.Addr(i.LinkLocal.String()))
	if err != nil {
		return nil, nic.Permission(fmt.Errorf("open a socket for router advertisements on %s: %w", i.Name, err))
	}
	var only ipv6.ICMPFilter
	only.SetAll(true)
	only.Accept(ipv6.ICMPTypeRouterSolicitation)
	err = errors.Join(
		conn.SetICMPFilter(&only),
		conn.SetControlMessage(ipv6.FlagHopLimit, true),
		conn.JoinGroup(netip.IPv6LinkLocalAllRouters()),
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("hear router solicitations on %s: %w", i.Name, err), conn.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &advertiser{on: i, says: says, conn: conn, ctx: ctx, cancel: cancel, done: make(chan struct{})}, nil
}

func (a *advertiser) over() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// run advertises until it is cancelled or the interface fails.
func (a *advertiser) run() error {
	defer close(a.done)
	ctx, cancel := context.WithCancelCause(a.ctx)
	defer cancel(nil)
	everybody := make(chan struct{}, 1)
	var reader sync.WaitGroup
	reader.Go(func() { cancel(a.hear(ctx, everybody)) })
	err := a.advertise(ctx, everybody)
	cancel(nil)
	_ = a.conn.SetReadDeadline(time.Unix(1, 0))
	reader.Wait()
	if a.ctx.Err() != nil && a.says.RouterLifetime > 0 {
		_ = a.send(netip.IPv6LinkLocalAllNodes(), true)
	}
	if cause := context.Cause(ctx); err == nil && a.ctx.Err() == nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	if err = errors.Join(err, a.conn.Close()); err != nil {
		return fmt.Errorf("advertise on %s: %w", a.on.Name, err)
	}
	return nil
}

// advertise sends to all nodes, as the time or a machine without an address
// wants it.
func (a *advertiser) advertise(ctx context.Context, everybody <-chan struct{}) error {
	for n := 1; ; n++ {
		if err := a.send(netip.IPv6LinkLocalAllNodes(), false); err != nil {
			return err
		}
		if !wait(ctx, betweenMulticasts, nil) || !wait(ctx, interval(n)-betweenMulticasts, everybody) {
			return nil
		}
	}
}

// interval is the time to the next advertisement after n.
func interval(n int) time.Duration {
	if n < firstAdvertisements {
		return firstInterval
	}
	return minInterval + rand.N(maxInterval-minInterval)
}

// wait returns false if the context ended first; early ends it before its time.
func wait(ctx context.Context, d time.Duration, early <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
	case <-early:
	}
	return true
}

// hear answers solicitations. Who has an address already is answered there, at
// once; who has none, with the next advertisement to all. Nothing of a
// solicitation but its sender is read, and that it came from this wire: a router
// would have lowered its hop limit (RFC 4861 section 6.1.1).
func (a *advertiser) hear(ctx context.Context, everybody chan<- struct{}) error {
	stop := context.AfterFunc(ctx, func() { _ = a.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	buf := make([]byte, 1500)
	for {
		n, cm, from, err := a.conn.ReadRaw(buf)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case n == 0 || buf[0] != byte(ipv6.ICMPTypeRouterSolicitation) || cm == nil || cm.HopLimit != ndp.HopLimit:
			continue
		}
		if from.IsLinkLocalUnicast() {
			// One machine that can't be reached is no failure.
			_ = a.send(from, false)
			continue
		}
		select {
		case everybody <- struct{}{}:
		default:
		}
	}
}

// sendMost is how long an advertisement may wait for room in the socket. What goes to
// forged addresses lies there until the kernel has given up to resolve them.
const sendMost = 100 * time.Millisecond

// send leaves out what would have to wait: the next one comes soon enough.
func (a *advertiser) send(to netip.Addr, last bool) error {
	a.sending.Lock()
	defer a.sending.Unlock()
	if err := a.conn.SetWriteDeadline(time.Now().Add(sendMost)); err != nil {
		return err
	}
	err := a.conn.WriteTo(a.says.message(a.on.MAC, last), nil, to)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}
