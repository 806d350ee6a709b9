package san

import (
	"fmt"
	"net"
	"sync"

	"github.com/spurboot/spur/block/share"
)

// limited is a listener whose connections have places: those beyond are closed.
type limited struct {
	net.Listener
	places  share.Places
	refused func(from net.Addr, why error)
}

// Accept waits for a connection that has a place.
func (l *limited) Accept() (net.Conn, error) {
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		peer := share.PeerOf(nc.RemoteAddr())
		if err := l.places.Enter(peer); err != nil {
			nc.Close()
			l.refused(nc.RemoteAddr(), fmt.Errorf("too many connections: %w", err))
			continue
		}
		return &placed{Conn: nc, leave: sync.OnceFunc(func() { l.places.Leave(peer) })}, nil
	}
}

// placed is a connection that has a place until it is closed.
type placed struct {
	net.Conn
	leave func()
}

// Close gives the place back.
func (p *placed) Close() error {
	defer p.leave()
	return p.Conn.Close()
}
