package dhcp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Hooks are told what a [Listener] sees besides good requests. Each may be
// nil. They are called by the interfaces' own goroutines.
type Hooks struct {
	// Malformed is a packet to one of our ports that can't be understood.
	Malformed func(iface string, from net.HardwareAddr, err error)
	// Down is an interface that can't be read any more: it went down or was
	// removed. It is left until [Listener.Set] names it again.
	Down func(iface string, err error)
	// Overheard is a reply of another server to a client. Those are heard that
	// reach this host's interface: broadcasts, and unicasts where the wire
	// carries them here; none of a server on this host.
	Overheard func(Overheard)
	// Panicked: a packet made this package or the handler panic. It is
	// dropped, the next ones are heard.
	Panicked func(iface string, value any, stack []byte)
}

// Counters count packets since the listener was opened.
type Counters struct {
	Received   uint64 // requests handed to the handler
	Malformed  uint64 // not understood
	Duplicates uint64 // the same packet heard on a second interface
	Elsewhere  uint64 // unicasts through this host to another server
}

// Listener hears DHCP requests on the chosen interfaces and sends replies. Its
// methods may be called by several goroutines.
type Listener struct {
	// Port67Taken and Port4011Taken tell that another program holds the port
	// on this host, and not a listener on other interfaces. Requests are heard
	// nevertheless.
	Port67Taken, Port4011Taken bool
	// ServerAddrs are the addresses of ours that clients are told, where the
	// operator chooses them. They are set before Run.
	ServerAddrs []netip.Addr

	guards  []*portGuard
	raw     *rawSocket
	hooks   Hooks
	dedup   *deduplicator
	clients *clientNetworks

	mu      sync.RWMutex
	group   netip.Addr // a multicast group that is listened to as well; see Join
	sockets []*socket
	read    func(*socket) // starts a socket's reader; nil while Run doesn't run
	closed  chan struct{}

	received, malformed, duplicates, elsewhere atomic.Uint64
}

// Listen opens the sockets for the given interfaces, of which there may be none
// yet; see [Interfaces]. The caller must Close the listener.
func Listen(interfaces []Interface, hooks Hooks) (*Listener, error) {
	l := &Listener{hooks: hooks, dedup: newDeduplicator(), clients: newClientNetworks(), closed: make(chan struct{})}
	if err := l.open(interfaces); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Listener) open(interfaces []Interface) error {
	if err := l.Set(interfaces); err != nil {
		return err
	}
	for port, taken := range map[uint16]*bool{ServerPort: &l.Port67Taken, BootPort: &l.Port4011Taken} {
		h, t, err := guardPort(port)
		if err != nil {
			return err
		}
		*taken, l.guards = t, append(l.guards, h)
	}
	var err error
	l.raw, err = openRaw()
	return err
}

// Set says which interfaces there are to listen on from now on, and which
// addresses they have. One that was made again under its name has another
// index: the socket on the old one would be deaf for good. An error is of
// interfaces that can't be listened on; the others are.
func (l *Listener) Set(interfaces []Interface) error {
	local := localAddrs()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isClosed() {
		return nil
	}
	before := l.sockets
	l.sockets = nil
	var errs []error
	for _, i := range interfaces {
		s, err := l.socketOn(before, &host{i, local, l.group})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		l.sockets = append(l.sockets, s)
	}
	for _, s := range before {
		if !slices.Contains(l.sockets, s) {
			errs = append(errs, s.close())
		}
	}
	l.clients.keep(interfaces)
	return errors.Join(errs...)
}

// socketOn finds the socket of an interface among those that are open, or opens
// it.
func (l *Listener) socketOn(open []*socket, now *host) (*socket, error) {
	for _, s := range open {
		if h := s.host.Load(); h.Index == now.Index && h.Name == now.Name {
			s.host.Store(now)
			return s, nil
		}
	}
	lock, err := lockInterface(now.Interface)
	if err != nil {
		return nil, err
	}
	conn, err := openSocket(now.Interface, ServerPort, BootPort, ClientPort)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s := &socket{conn: conn, lock: lock}
	s.host.Store(now)
	if err := s.join(l.group); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if l.read != nil {
		l.read(s)
	}
	return s, nil
}

// Join has requests heard that are sent to a multicast group, on every interface
// that is listened on, now and later. It is called once, before Run.
func (l *Listener) Join(group netip.Addr) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.group = group
	var errs []error
	for _, s := range l.sockets {
		h := *s.host.Load()
		h.group = group
		s.host.Store(&h)
		errs = append(errs, s.join(group))
	}
	return errors.Join(errs...)
}

// Interfaces are the interfaces that are listened on.
func (l *Listener) Interfaces() []Interface {
	l.mu.RLock()
	defer l.mu.RUnlock()
	all := make([]Interface, len(l.sockets))
	for i, s := range l.sockets {
		all[i] = s.host.Load().Interface
	}
	return all
}

// Counters says what was heard so far.
func (l *Listener) Counters() Counters {
	return Counters{l.received.Load(), l.malformed.Load(), l.duplicates.Load(), l.elsewhere.Load()}
}

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
	for _, h := range l.guards {
		errs = append(errs, h.Close())
	}
	return errors.Join(append(errs, l.raw.Close())...)
}

func (l *Listener) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// Run hands requests to the handler until the context ends, which is no error,
// or a socket fails. It is called once. Each interface has one goroutine, which
// waits for the handler: a slow one delays its interface, so a handler that
// asks others must hand over and return. The handler must be safe for
// concurrent use.
func (l *Listener) Run(ctx context.Context, handler func(Packet)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	failed := make(chan error, 1) // the first of them counts
	l.readBy(func(s *socket) {
		all.Go(func() {
			if err := l.readAll(ctx, s, handler); err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	})
	var err error
	select {
	case <-ctx.Done():
	case <-l.closed:
	case err = <-failed:
	}
	l.readBy(nil)
	cancel(nil)
	all.Wait()
	return err
}

// readBy starts the readers of the sockets that are open, and says how to start
// those of later ones.
func (l *Listener) readBy(start func(*socket)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.read = start; start == nil {
		return
	}
	for _, s := range l.sockets {
		start(s)
	}
}

// Reach chooses p.Server anew where it was a guess: on an interface with
// several networks, for a client of which nothing is known yet. For that it
// waits half a second, at most, for another server's offer to the client. Those
// of a server on this host can't be heard, and aren't waited for. It calls wait with
// what waits; where that returns false without a call, the guess stays.
func (l *Listener) Reach(ctx context.Context, p Packet, wait func(func()) bool) Packet {
	if !p.guessed || l.Port67Taken || p.Message.MessageType() != dhcpv4.MessageTypeDiscover {
		return p
	}
	addr, known := l.clients.addrOf(p.Message)
	if !known {
		wait(func() { addr = l.clients.await(ctx, p.Message) })
	}
	p.Server = p.ServerFor(addr)
	return p
}
