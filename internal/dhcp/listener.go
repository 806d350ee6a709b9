package dhcp

import (
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

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"
)

// receiveBuffer bounds, in bytes and for each interface, the requests that
// wait while the handler is busy. The kernel drops what doesn't fit.
const receiveBuffer = 1 << 20

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

	held  []*held
	raw   *rawSocket
	hooks Hooks
	twice *twins
	given *networks

	mu     sync.RWMutex
	wires  []*wire
	read   func(*wire) // starts a wire's reader; nil while Run doesn't run
	closed chan struct{}

	received, malformed, duplicates, elsewhere atomic.Uint64
}

// wire is one interface with its packet socket.
type wire struct {
	conn   *packet.Conn
	claim  *claim
	host   atomic.Pointer[host]
	closed atomic.Bool
}

func (w *wire) close() error {
	w.closed.Store(true)
	return errors.Join(w.conn.Close(), w.claim.Close())
}

func (w *wire) name() string { return w.host.Load().Name }

// Listen opens the sockets for the given interfaces; see [Interfaces]. The
// caller must Close the listener.
func Listen(interfaces []Interface, hooks Hooks) (*Listener, error) {
	if len(interfaces) == 0 {
		return nil, errors.New("no interface to listen on; name one")
	}
	l := &Listener{hooks: hooks, twice: newTwins(), given: newNetworks(), closed: make(chan struct{})}
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
		h, t, err := hold(port)
		if err != nil {
			return err
		}
		*taken, l.held = t, append(l.held, h)
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
	before := l.wires
	l.wires = nil
	var errs []error
	for _, i := range interfaces {
		w, err := l.wire(before, &host{i, local})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		l.wires = append(l.wires, w)
	}
	for _, w := range before {
		if !slices.Contains(l.wires, w) {
			errs = append(errs, w.close())
		}
	}
	l.given.keep(interfaces)
	return errors.Join(errs...)
}

// wire finds an interface among those that are open, or opens it.
func (l *Listener) wire(open []*wire, now *host) (*wire, error) {
	for _, w := range open {
		if h := w.host.Load(); h.Index == now.Index && h.Name == now.Name {
			w.host.Store(now)
			return w, nil
		}
	}
	claim, err := claimWire(now.Interface)
	if err != nil {
		return nil, err
	}
	conn, err := openWire(now.Interface, ServerPort, BootPort, ClientPort)
	if err != nil {
		return nil, errors.Join(err, claim.Close())
	}
	w := &wire{conn: conn, claim: claim}
	w.host.Store(now)
	if l.read != nil {
		l.read(w)
	}
	return w, nil
}

// openWire opens a packet socket that hears the given UDP ports.
func openWire(i Interface, ports ...uint16) (*packet.Conn, error) {
	code, err := filter(ports...)
	if err != nil {
		return nil, err
	}
	ifi := &net.Interface{Index: i.Index, Name: i.Name, HardwareAddr: i.MAC}
	conn, err := packet.Listen(ifi, packet.Raw, etherIPv4, &packet.Config{Filter: code})
	if err != nil {
		return nil, permission(fmt.Errorf("listen on interface %s: %w", i.Name, err))
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		err = control(raw, func(fd int) error {
			return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
		})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("bound the buffer of interface %s: %w", i.Name, err), conn.Close())
	}
	return conn, nil
}

// Interfaces are the interfaces that are listened on.
func (l *Listener) Interfaces() []Interface {
	l.mu.RLock()
	defer l.mu.RUnlock()
	all := make([]Interface, len(l.wires))
	for i, w := range l.wires {
		all[i] = w.host.Load().Interface
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
	for _, w := range l.wires {
		errs = append(errs, w.close())
	}
	for _, h := range l.held {
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
	l.readBy(func(w *wire) {
		all.Go(func() {
			if err := l.readAll(ctx, w, handler); err != nil {
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

// readBy starts the readers of the wires that are open, and says how to start
// those of later ones.
func (l *Listener) readBy(start func(*wire)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.read = start; start == nil {
		return
	}
	for _, w := range l.wires {
		start(w)
	}
}

// readAll is the loop of one interface, until the context ends or the wire is
// closed.
func (l *Listener) readAll(ctx context.Context, w *wire, handler func(Packet)) error {
	// A reader that sits in a read is woken by a deadline in the past.
	stop := context.AfterFunc(ctx, func() { _ = w.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	buf := make([]byte, maxFrame)
	for {
		n, _, err := w.conn.ReadFrom(buf)
		now := time.Now()
		if ctx.Err() != nil || w.closed.Load() {
			return nil // the end was wanted; the read's error only tells of it
		}
		switch {
		case errors.Is(err, unix.ENETDOWN):
			return l.lose(w, err)
		case err != nil:
			return fmt.Errorf("read from interface %s: %w", w.name(), err)
		default:
			l.hear(w, buf[:n], now, handler)
		}
	}
}

// hear hands a request to the handler, and survives whatever the packet does.
func (l *Listener) hear(w *wire, frame []byte, now time.Time, handler func(Packet)) {
	defer func() {
		value := recover()
		if value != nil && l.hooks.Panicked != nil {
			l.hooks.Panicked(w.name(), value, debug.Stack())
		}
	}()
	if p, ok := l.accept(w, frame, now); ok {
		l.received.Add(1)
		handler(p)
	}
}

// lose gives up an interface that went down. Whether it was removed, and the
// socket is bound to nothing from now on, can't be told by it.
func (l *Listener) lose(w *wire, reason error) error {
	l.mu.Lock()
	at := slices.Index(l.wires, w)
	if at >= 0 {
		l.wires = slices.Delete(slices.Clone(l.wires), at, at+1)
	}
	l.mu.Unlock()
	if at < 0 {
		return nil // closed meanwhile
	}
	err := w.close()
	if l.hooks.Down != nil {
		l.hooks.Down(w.name(), reason)
	}
	return err
}

// accept turns a frame into a request that is ours to answer.
func (l *Listener) accept(w *wire, frame []byte, now time.Time) (Packet, bool) {
	d, err := openFrame(frame)
	if err != nil {
		l.bad(w, nil, err)
		return Packet{}, false
	}
	host := w.host.Load()
	if d.dst.Port() == ClientPort {
		l.overhear(*host, d, now)
		return Packet{}, false
	}
	if !host.addressed(d.dst.Addr()) {
		l.elsewhere.Add(1)
		return Packet{}, false
	}
	m, err := ParseRequest(d.payload)
	if err != nil {
		l.bad(w, d.mac, err)
		return Packet{}, false
	}
	if l.twice.seen(d.payload, host.Index, now) {
		l.duplicates.Add(1)
		return Packet{}, false
	}
	p := Packet{
		Message: m, Interface: host.Interface, Port: d.dst.Port(),
		From: d.src, FromMAC: d.mac, To: d.dst.Addr(), Time: now,
	}
	l.given.chosen(*host, m)
	client, wire := l.given.of(host.Index, m)
	return host.direct(p, l.ServerAddrs, client, wire), true
}

// Reach chooses p.Server anew where it was a guess: on an interface with
// several networks, for a client of which nothing is known yet. For that it
// waits half a second, at most, for another server's offer to the client. Those
// of a server on this host can't be heard, and aren't waited for.
func (l *Listener) Reach(ctx context.Context, p Packet) Packet {
	if !p.guessed || l.Port67Taken || p.Message.MessageType() != dhcpv4.MessageTypeDiscover {
		return p
	}
	p.Server = p.ServerFor(l.given.await(ctx, p.Message))
	return p
}

// overhear tells of a reply of another server. Whatever else comes to the
// clients' port is nothing to complain about: it is not for us.
func (l *Listener) overhear(h host, d datagram, now time.Time) {
	m, err := Parse(d.payload)
	if err != nil || m.OpCode != dhcpv4.OpcodeBootReply {
		return
	}
	o := Overheard{Message: m, Interface: h.Interface, From: d.src, FromMAC: d.mac, Time: now}
	// A relay may bring our own replies to a wire that we hear.
	if slices.Contains(h.local, o.Server()) || l.twice.seen(d.payload, h.Index, now) {
		return
	}
	l.given.offered(h, m)
	if l.hooks.Overheard != nil {
		l.hooks.Overheard(o)
	}
}

func (l *Listener) bad(w *wire, from net.HardwareAddr, err error) {
	l.malformed.Add(1)
	if l.hooks.Malformed != nil {
		l.hooks.Malformed(w.name(), from, err)
	}
}
