package tftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// A Client fetches and sends files. The zero value speaks plain RFC 1350 with
// blocks of 512 bytes and asks for the size; each transfer has a socket of
// its own, so that one Client may be used by many goroutines.
type Client struct {
	// BlockSize is the blksize to ask for, 0 not to ask.
	BlockSize int
	// WindowSize is the windowsize to ask for, in blocks; 0 not to ask.
	WindowSize int
	// Interval is the timeout option to ask for, in whole seconds; 0 not to ask.
	Interval time.Duration
	// NoSize leaves out the tsize option.
	NoSize bool
	// Options are added to the request as they are.
	Options Options
	// Mode is Octet if empty.
	Mode Mode
	// Timeout is the time to the first retransmission, DefaultTimeout if 0.
	Timeout time.Duration
	// Retries is how many retransmissions in a row may go unanswered,
	// DefaultRetries if 0.
	Retries int
	// Local is the address to send from; the system's choice if invalid.
	Local netip.AddrPort
	// Progress, if set, is called about every 256 KiB; total is -1 when the
	// server doesn't tell.
	Progress func(done, total int64)
}

// Get writes the file of that name to w. address is a host and port; the port
// may be left out for 69. An ERROR packet from the server comes as an *Error.
func (c *Client) Get(ctx context.Context, address, name string, w io.Writer) (Stats, error) {
	stats, err := c.get(ctx, address, name, w)
	if err != nil {
		err = fmt.Errorf("tftp: get %q from %s: %w", name, address, err)
	}
	return stats, err
}

// Put sends what r reads as the file of that name. The size is announced if r
// has a Size, Stat or Len method.
func (c *Client) Put(ctx context.Context, address, name string, r io.Reader) (Stats, error) {
	stats, err := c.put(ctx, address, name, r)
	if err != nil {
		err = fmt.Errorf("tftp: put %q to %s: %w", name, address, err)
	}
	return stats, err
}

// Size asks for the size of a file the way PXE ROMs do: it requests the file
// with tsize and breaks off when the server has answered. -1 means that the
// server has the file and doesn't tell.
func (c *Client) Size(ctx context.Context, address, name string) (int64, error) {
	call, err := c.call(ctx, address, c.request(Read, name, 0))
	if err != nil {
		return -1, fmt.Errorf("tftp: size of %q at %s: %w", name, address, err)
	}
	defer call.link.close()
	_ = tell(call.link, &Error{CodeUndefined, "size probe"}, nil)
	return call.terms.size, nil
}

func (c *Client) request(op Op, name string, size int64) *Request {
	r := &Request{Op: op, Filename: name, Mode: c.Mode}
	if r.Mode == "" {
		r.Mode = Octet
	}
	add := func(name string, value int64) {
		r.Options = append(r.Options, Option{name, strconv.FormatInt(value, 10)})
	}
	// Quirk: tftpd-hpa answers tsize in netascii mode with ERROR 8.
	if !c.NoSize && size >= 0 && r.Mode == Octet {
		add(OptSize, size)
	}
	if c.BlockSize > 0 {
		add(OptBlockSize, int64(c.BlockSize))
	}
	if c.Interval > 0 {
		add(OptTimeout, int64(c.Interval/time.Second))
	}
	if c.WindowSize > 0 {
		add(OptWindowSize, int64(c.WindowSize))
	}
	r.Options = append(r.Options, c.Options...)
	return r
}

func (c *Client) get(ctx context.Context, address, name string, w io.Writer) (Stats, error) {
	began := time.Now()
	call, err := c.call(ctx, address, c.request(Read, name, 0))
	if err != nil {
		return Stats{Duration: time.Since(began)}, err
	}
	defer call.link.close()
	to, commit := decoder(w, call.request.Mode, func() error { return nil })
	r := newReceiver(c.exchange(call, call.terms.size), to, commit)
	if call.oack {
		err = r.begin([]byte{0, opAck, 0, 0})
	} else {
		_, err = r.parse(call.reply)
	}
	if err == nil {
		_, err = r.run()
	}
	stats := r.result(began, r.window.got)
	if err == nil && stats.Retransmits+stats.Timeouts > 0 {
		r.dally(r.timer.first) // packets get lost here: the final ACK may, too
	}
	return stats, call.why(err)
}

func (c *Client) put(ctx context.Context, address, name string, from io.Reader) (Stats, error) {
	began := time.Now()
	size := sizeOf(from)
	call, err := c.call(ctx, address, c.request(Write, name, size))
	if err != nil {
		return Stats{Duration: time.Since(began)}, err
	}
	defer call.link.close()
	b := newBlocks(from, call.request.Mode, size, call.terms.blockSize, call.terms.windowSize, newBlockCache())
	defer b.close()
	s := newSender(c.exchange(call, size), b)
	_, err = s.run()
	return s.result(began), call.why(err)
}

func (c *Client) timer(t terms) timer { return newTimer(c.Timeout, c.Retries, t.timeout) }

// exchange is that of a call, about a file of so many bytes, -1 if unknown.
func (c *Client) exchange(call *call, total int64) exchange {
	x := newExchange(call.link, call.terms, c.timer(call.terms))
	if c.Progress != nil {
		x.progress = progress{report: func(done int64) { c.Progress(done, total) }}
	}
	return x
}

// A call is a request that was answered.
type call struct {
	ctx     context.Context
	request *Request
	link    *socket
	terms   terms
	oack    bool   // the answer was an OACK
	reply   []byte // else the first DATA packet, for a read
}

// why names the reason of the caller instead of what it led to.
func (c *call) why(err error) error {
	if errors.Is(err, ErrStopped) {
		return tell(c.link, &Error{CodeUndefined, "stopped"}, context.Cause(c.ctx))
	}
	return err
}

// call sends the request until the server answers, and ties the socket to the
// address it answers from: its transfer ID (RFC 1350 section 4).
func (c *Client) call(ctx context.Context, address string, r *Request) (*call, error) {
	server, err := resolve(ctx, address)
	if err != nil {
		return nil, err
	}
	network := "udp6"
	if server.Addr().Is4() {
		network = "udp4"
	}
	var local *net.UDPAddr
	if c.Local.IsValid() {
		local = net.UDPAddrFromAddrPort(c.Local)
	}
	conn, err := net.ListenUDP(network, local)
	if err != nil {
		return nil, err
	}
	link, err := newSocket(ctx, conn, server)
	if err != nil {
		return nil, err
	}
	made := &call{ctx: ctx, request: r, link: link}
	if err := c.ask(made, server); err != nil {
		err = made.why(err)
		link.close()
		return nil, err
	}
	link.window(made.terms)
	return made, nil
}

func (c *Client) ask(made *call, server netip.AddrPort) error {
	request := appendRequest(nil, made.request)
	timer := c.timer(terms{})
	buf := make([]byte, 1<<16)
	for {
		if err := made.link.send(request, len(request)); err != nil {
			return err
		}
		timer.arm()
		n, from, err := first(made.link, buf, server.Addr(), timer.deadline)
		switch {
		case errors.Is(err, errAgain) && timer.mayRetry():
			continue
		case errors.Is(err, errAgain):
			return fmt.Errorf("%w from %v", ErrTimeout, server)
		case err != nil:
			return err
		}
		if err := made.link.connect(from); err != nil {
			return err
		}
		return made.answer(buf[:n])
	}
}

// first waits for a packet from an address, whatever its port.
func first(link *socket, buf []byte, address netip.Addr, deadline time.Time) (int, netip.AddrPort, error) {
	for {
		n, from, err := link.recvFrom(buf, time.Until(deadline))
		if err != nil || from.Addr().WithZone("") == address.WithZone("") {
			return n, from, err
		}
	}
}

// answer reads the first packet from the server.
func (c *call) answer(b []byte) error {
	var p packet
	if err := parsePacket(b, &p); err != nil {
		return tell(c.link, &Error{CodeIllegalOperation, "malformed packet"}, err)
	}
	c.terms = terms{blockSize: defaultBlockSize, windowSize: 1, size: -1}
	switch {
	case p.op == opError:
		return &p.err
	case p.op == opOACK:
		agreed, err := agree(c.request.Options, p.options)
		if err != nil {
			return tell(c.link, errorFor(err), err)
		}
		c.terms, c.oack = agreed, true
		return nil
	case p.op == opData && c.request.Op == Read:
		c.reply = append([]byte(nil), b...)
		return nil
	case p.op == opAck && p.block == 0 && c.request.Op == Write:
		return nil
	}
	return tell(c.link, &Error{CodeIllegalOperation, "unexpected packet"}, fmt.Errorf("unexpected answer with opcode %d", p.op))
}

func resolve(ctx context.Context, address string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = address, "69"
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("port %q is not a number", port)
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return netip.AddrPortFrom(addrs[0].Unmap(), uint16(number)), nil
}
