package httpd

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"
)

// secureListener speaks TLS on the connections of a listener.
type secureListener struct {
	*listener
	config *tls.Config
	bounds Bounds
	failed func(Handshake)
	host   func(netip.Addr) string
}

// newSecureListener leaves the caller's configuration as it is. HTTP/2 is not
// offered: its streams are no connections, so that nothing would bound them.
func (s *Server) newSecureListener(l *listener, b Bounds) *secureListener {
	config := s.TLS.Clone()
	ask := config.GetConfigForClient
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if c, ok := hello.Conn.(*conn); ok {
			c.hello = hello
		}
		if ask == nil {
			return nil, nil
		}
		return ask(hello)
	}
	host := s.TLSHost
	if host == nil {
		host = func(a netip.Addr) string { return a.WithZone("").String() }
	}
	return &secureListener{listener: l, config: config, bounds: b, failed: s.Hooks.Handshake, host: host}
}

// Accept returns connections whose handshake is still to be made: it waits for
// their first Read, which belongs to the goroutine of one connection.
func (l *secureListener) Accept() (net.Conn, error) {
	nc, err := l.listener.Accept()
	if err != nil {
		return nil, err
	}
	c := nc.(*conn) // by that listener's promise
	return &secureConn{Conn: tls.Server(c, l.config), below: c, l: l}, nil
}

// secureConn is TLS over a conn, which bounds every write, also those of the
// handshake. net/http doesn't see that it is TLS: it would make the handshake
// itself, and tell only its log how that failed.
type secureConn struct {
	*tls.Conn
	below  *conn
	l      *secureListener
	shaken bool
}

// Read makes the handshake first. net/http has one read at a time.
func (c *secureConn) Read(p []byte) (int, error) {
	if !c.shaken {
		if err := c.handshake(); err != nil {
			return 0, err
		}
		c.shaken = true
	}
	return c.Conn.Read(p)
}

// handshake has a time of its own, after which that for a request's header begins.
func (c *secureConn) handshake() error {
	_ = c.SetReadDeadline(time.Now().Add(c.l.bounds.HandshakeTimeout)) // a closed connection fails below
	err := c.Conn.Handshake()
	hello := c.below.hello
	c.below.hello = nil
	if err == nil {
		return c.SetReadDeadline(time.Now().Add(c.l.bounds.HeaderTimeout))
	}
	if spokenPlainly(err) {
		_, _ = io.WriteString(c.below, "HTTP/1.0 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\nspur: this port speaks HTTPS; begin the address with https://\n")
	}
	var garbage tls.RecordHeaderError
	switch {
	case errors.Is(err, net.ErrClosed): // by us, to make room or to stop
	case errors.As(err, &garbage) && !spokenPlainly(err):
		c.below.pending.Store(true) // told as malformed once it is closed
	case c.l.failed != nil:
		c.l.failed(c.failed(hello, err))
	}
	return err
}

// failed describes a handshake that failed.
func (c *secureConn) failed(hello *tls.ClientHelloInfo, err error) Handshake {
	h := Handshake{Remote: peerOf(c.below), Err: err}
	if local, ok := c.below.LocalAddr().(*net.TCPAddr); ok {
		h.Local = unmap(local.AddrPort())
	}
	tried := attempt{called: c.l.host(h.Local.Addr()), now: time.Now(), err: err}
	if hello != nil {
		h.ServerName = hello.ServerName
		tried.hello = hello
		if c.l.config.GetCertificate != nil {
			tried.certificate, _ = c.l.config.GetCertificate(hello) // nil where there is none
		}
	}
	h.Failure = failureOf(tried)
	return h
}

// closePatience is for the word of goodbye of TLS, 31 bytes: it fits into the
// socket's buffer at once, or the peer doesn't read, and those who close all
// connections must not wait for it.
const closePatience = 20 * time.Millisecond

// Close says goodbye where that takes no time.
func (c *secureConn) Close() error {
	c.below.closing.Store(true)
	return c.Conn.Close()
}

// spokenPlainly tells whether a peer spoke HTTP without TLS.
func spokenPlainly(err error) bool {
	var header tls.RecordHeaderError
	if !errors.As(err, &header) || header.Conn == nil {
		return false
	}
	for _, method := range []string{"GET /", "HEAD ", "POST ", "PUT /", "OPTIO"} {
		if strings.HasPrefix(string(header.RecordHeader[:]), method) {
			return true
		}
	}
	return false
}

// connBelow is the conn of a connection that net/http knows, nil for another
// server's.
func connBelow(nc net.Conn) *conn {
	switch nc := nc.(type) {
	case *conn:
		return nc
	case *secureConn:
		return nc.below
	}
	return nil
}

var _ net.Listener = (*secureListener)(nil)

// Handshake is one of TLS that failed.
type Handshake struct {
	Remote, Local netip.AddrPort
	ServerName    string // that the peer asked for, if it said one
	Failure       Failure
	Err           error
}
