package nbd

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/spurboot/spur/block"
)

// Options say how a client talks to a server.
type Options struct {
	// Export is the name of the export; the empty one is the default export.
	Export string
	// TLS asks for NBD_OPT_STARTTLS and insists on it. Dial puts the host of
	// the address where ServerName is empty.
	TLS *tls.Config
	// InFlight is how many commands are on their way at once [64], at most
	// 65536; further ones wait.
	InFlight int
	// NoExtended and NoStructured do without these replies.
	NoExtended, NoStructured bool
}

// A Client is a disk that a server exports: a block.Device.
type Client struct {
	terms terms
	nc    net.Conn
	in    *bufio.Reader
	free  chan *call
	calls []call
	over  chan struct{} // closed when the reader has ended

	writing chan struct{} // holds one token while someone writes
	vector  [2][]byte
	buffers net.Buffers

	blocks *semaphore.Weighted // see lockBlocks

	mu     sync.Mutex
	failed error // why the connection is over
	ended  bool  // and the reader has seen it
}

var _ block.Device = (*Client)(nil)

// Dial connects to a server, such as "tcp", "192.0.2.1:10809" or "unix",
// "/run/nbd.sock", and opens an export.
func Dial(ctx context.Context, network, address string, o Options) (*Client, error) {
	nc, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return NewClient(ctx, nc, withServerName(o, address))
}

func withServerName(o Options, address string) Options {
	if host, _, err := net.SplitHostPort(address); err == nil && o.TLS != nil && o.TLS.ServerName == "" {
		o.TLS = o.TLS.Clone()
		o.TLS.ServerName = host
	}
	return o
}

// NewClient opens an export on a connection, which it closes when that fails.
func NewClient(ctx context.Context, nc net.Conn, o Options) (*Client, error) {
	var c *Client
	err := handshake(ctx, nc, o, func(n *negotiation) error {
		if err := n.open(); err != nil {
			return err
		}
		c = newClient(n)
		return nil
	})
	if err != nil {
		nc.Close()
		return nil, err
	}
	go c.receive()
	return c, nil
}

// handshake begins a handshake, and does the rest of it, within its time.
func handshake(ctx context.Context, nc net.Conn, o Options, rest func(*negotiation) error) error {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	unhook := context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Unix(1, 0)) })
	n, err := begin(ctx, nc, o)
	if err == nil {
		err = rest(n)
	}
	if !unhook() {
		return errors.Join(ctx.Err(), err)
	}
	return err
}

// List asks a server for its exports. Only Name and Description are set.
func List(ctx context.Context, network, address string, o Options) ([]Export, error) {
	nc, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	defer nc.Close()
	var all []Export
	err = handshake(ctx, nc, withServerName(o, address), func(n *negotiation) error {
		replies, err := n.ask(optList, nil)
		if err != nil {
			return err
		}
		for _, r := range replies {
			if r.kind == repServer {
				name, description, err := cutString(r.data)
				if err != nil {
					return err
				}
				all = append(all, Export{Name: name, Description: string(description)})
			}
		}
		_, err = n.ask(optAbort, nil)
		return err
	})
	return all, err
}

func newClient(n *negotiation) *Client {
	inFlight := min(cmp.Or(n.options.InFlight, 64), 1<<16)
	c := &Client{terms: n.terms, nc: n.nc, in: n.in, over: make(chan struct{}), writing: make(chan struct{}, 1),
		free: make(chan *call, inFlight), calls: make([]call, inFlight), blocks: semaphore.NewWeighted(exclusive)}
	for i := range c.calls {
		k := &c.calls[i]
		k.req.cookie = uint64(i)
		k.done = make(chan struct{}, 1)
		c.free <- k
	}
	return c
}

// Size is the size of the export in bytes when it was opened, in whole blocks
// where the server has a minimum block size: what is beyond can't be had.
func (c *Client) Size() int64 { return c.terms.size }

// Caps are what the server said of the export.
func (c *Client) Caps() block.Caps { return c.terms.caps() }

// MultiConn says whether several connections to the export see each other's
// writes, and a flush on one is for all (NBD_FLAG_CAN_MULTI_CONN).
func (c *Client) MultiConn() bool { return c.terms.flags&flagMultiConn != 0 }

// Close says goodbye and closes the connection. It doesn't flush. A server that
// doesn't take what is being sent to it isn't waited for.
func (c *Client) Close() error {
	limit := time.NewTimer(stuckTimeout)
	defer limit.Stop()
	select {
	case c.writing <- struct{}{}:
		_ = c.nc.SetWriteDeadline(time.Now().Add(stuckTimeout))
		bye := request{command: cmdDisconnect}
		_, _ = c.nc.Write(bye.append(nil, c.terms.mode))
		<-c.writing
	case <-c.over:
	case <-limit.C:
	}
	c.fail(errClosed)
	<-c.over
	return nil
}

var errClosed = errors.New("the client was closed")

// fail ends the connection; the reader then ends what is under way.
func (c *Client) fail(err error) {
	c.mu.Lock()
	if c.failed == nil {
		c.failed = fmt.Errorf("nbd connection: %w: %w", block.ErrGone, err)
	}
	c.mu.Unlock()
	c.nc.Close()
}
