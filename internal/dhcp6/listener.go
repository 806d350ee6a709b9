package dhcp6

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// Hooks are told what a [Listener] sees besides good requests. Each may be
// nil. They are called by the sockets' own goroutines.
type Hooks struct {
	// Malformed is a packet to one of our ports that can't be understood.
	Malformed func(iface string, from netip.Addr, err error)
	// Down is an interface that can't be read any more. It is left until
	// [Listener.Set] names it again.
	Down func(iface string, err error)
	// Panicked: a packet made this package or the handler panic. It is
	// dropped, the next ones are heard.
	Panicked func(iface string, value any, stack []byte)
}

// Counters count packets since the listener was opened.
type Counters struct {
	Received  uint64 // requests handed to the handler
	Malformed uint64 // not understood
}

// Listener hears DHCPv6 requests on the chosen interfaces and sends replies. Its
// methods may be called by several goroutines.
type Listener struct {
	// ServerAddrs are the addresses of ours that clients are told, where the
	// operator chooses them. They are set before Run.
	ServerAddrs []netip.Addr
	// Neighbour tells which machine on our wire has an address, where this host knows
	// it; may be nil. It is set before Run.
	Neighbour func(netip.Addr) (net.HardwareAddr, bool)

	hooks Hooks
	cards cards

	mu      sync.RWMutex
	sockets []*socket
	start   func(*socket) // starts a socket's reader; nil while Run doesn't run
	closed  chan struct{}

	waiting waiting // for their clients to listen

	received, malformed atomic.Uint64
}

// NewListener returns a listener that hears nothing before [Listener.Set]. The
// caller must Close it.
func NewListener(hooks Hooks) *Listener {
	return &Listener{hooks: hooks, closed: make(chan struct{}), waiting: newWaiting()}
}

// Set says which interfaces there are to listen on from now on, and which
// addresses they have. One that was made again under its name has another
// index, and gets new sockets. An error is of interfaces that can't be listened
// on; the others are.
func (l *Listener) Set(interfaces []Interface) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isClosed() {
		return nil
	}
	before := l.sockets
	l.sockets = nil
	var errs []error
	for _, i := range interfaces {
		errs = append(errs, l.listen(before, i, ServerPort), l.listen(before, i, BootPort))
	}
	for _, s := range before {
		if !slices.Contains(l.sockets, s) {
			errs = append(errs, s.close())
		}
	}
	return errors.Join(errs...)
}

// listen keeps the socket of a port among those that are open, or opens it.
func (l *Listener) listen(open []*socket, i Interface, port uint16) error {
	for _, s := range open {
		if on := s.on.Load(); s.port == port && on.Index == i.Index && on.Name == i.Name {
			s.on.Store(&i)
			l.sockets = append(l.sockets, s)
			return nil
		}
	}
	s, err := openSocket(i, port)
	if err != nil {
		return err
	}
	l.sockets = append(l.sockets, s)
	if l.start != nil {
		l.start(s)
	}
	return nil
}

// Interfaces are the interfaces that are listened on.
func (l *Listener) Interfaces() []Interface {
	var all []Interface
	for _, s := range l.of(ServerPort) {
		all = append(all, *s.on.Load())
	}
	return all
}

// Taken names the interfaces on which another program of this host has port
// 547. Clients are heard there nevertheless, but no relays.
func (l *Listener) Taken() []string {
	var all []string
	for _, s := range l.of(ServerPort) {
		if s.taken {
			all = append(all, s.on.Load().Name)
		}
	}
	return all
}

func (l *Listener) of(port uint16) []*socket {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var all []*socket
	for _, s := range l.sockets {
		if s.port == port {
			all = append(all, s)
		}
	}
	return all
}

// Counters says what was heard so far.
func (l *Listener) Counters() Counters { return Counters{l.received.Load(), l.malformed.Load()} }

// Close closes the sockets. Run then returns.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isClosed() {
		return nil
	}
	close(l.closed)
	var errs []error
	for _, s := range l.sockets {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

func (l *Listener) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// Run hands requests to the handler until the context ends or the listener is
// closed, those to [BootPort] a tenth of a second after they came in. It is called
// once. Each socket has one goroutine, which waits for the handler: a handler that
// asks others must hand over and return. It must be safe for concurrent use.
func (l *Listener) Run(ctx context.Context, handler func(Packet)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	l.readBy(func(s *socket) { all.Go(func() { l.readAll(ctx, s, handler) }) })
	select {
	case <-ctx.Done():
	case <-l.closed:
	}
	l.readBy(nil)
	cancel()
	all.Wait()
	l.waiting.wait()
}

// readBy starts the readers of the sockets that are open, and says how to start
// those of later ones.
func (l *Listener) readBy(start func(*socket)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.start = start; start == nil {
		return
	}
	for _, s := range l.sockets {
		start(s)
	}
}

// readAll is the loop of one socket, until the context ends or it is closed.
func (l *Listener) readAll(ctx context.Context, s *socket, handler func(Packet)) {
	stop := context.AfterFunc(ctx, s.wake)
	defer stop()
	buf := make([]byte, maxMessage+1)
	for {
		n, from, to, err := s.read(buf)
		now := time.Now()
		switch {
		case ctx.Err() != nil || s.closed.Load():
			return
		case err != nil:
			l.drop(s, err)
			return
		}
		l.receive(ctx, s, buf[:n], from, to, now, handler)
	}
}

// drop gives up a socket that can't be read.
func (l *Listener) drop(s *socket, reason error) {
	l.mu.Lock()
	l.sockets = slices.DeleteFunc(slices.Clone(l.sockets), func(o *socket) bool { return o == s })
	l.mu.Unlock()
	reason = errors.Join(reason, s.close())
	if l.hooks.Down != nil {
		l.hooks.Down(s.on.Load().Name, reason)
	}
}

// receive hands a request to the handler, and survives whatever the packet
// does.
func (l *Listener) receive(ctx context.Context, s *socket, b []byte, from netip.AddrPort, to netip.Addr, now time.Time, handler func(Packet)) {
	i := *s.on.Load()
	defer l.survive(i)
	m, relays, err := Parse(b)
	if err != nil {
		l.malformed.Add(1)
		if l.hooks.Malformed != nil {
			l.hooks.Malformed(i.Name, from.Addr(), err)
		}
		return
	}
	l.received.Add(1)
	p := Packet{Message: m, Raw: bytes.Clone(b), Relays: relays, Interface: i, Port: s.port, From: from, To: to, Time: now}
	p.Sender = l.senderOf(p)
	p.Card, p.Server = l.cards.of(p), serverFor(p, l.ServerAddrs)
	if p.Port == BootPort {
		l.waiting.hand(ctx, func() {
			defer l.survive(i)
			handler(p)
		})
		return
	}
	handler(p)
}

// survive tells of a panic over a packet, and goes on.
func (l *Listener) survive(i Interface) {
	if value := recover(); value != nil && l.hooks.Panicked != nil {
		l.hooks.Panicked(i.Name, value, debug.Stack())
	}
}

func (l *Listener) senderOf(p Packet) net.HardwareAddr {
	if len(p.Relays) > 0 || l.Neighbour == nil || fromEUI64(p.From.Addr()) != nil {
		return nil
	}
	if mac, ok := l.Neighbour(p.From.Addr()); ok {
		return mac
	}
	return nil
}

// Send sends a reply to where [Destination] says.
func (l *Listener) Send(p Packet, reply *dhcpv6.Message) error {
	to := Destination(p)
	for _, s := range l.of(p.Port) {
		if s.on.Load().Index != p.Interface.Index {
			continue
		}
		if err := s.write(Marshal(p, reply), p.To, to); err != nil {
			return fmt.Errorf("send %s to %s on %s: %w", reply.MessageType, to, p.Interface.Name, err)
		}
		return nil
	}
	return fmt.Errorf("send %s to %s: interface %s is no longer listened on", reply.MessageType, to, p.Interface.Name)
}
