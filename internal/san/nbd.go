package san

import (
	"context"
	"crypto/tls"
	"fmt"
	"math"
	"net"
	"sync"

	"github.com/spurboot/spur/nbd"
)

// ServeNBD serves exports, each to any number of clients at once, until the
// context ends. With a TLS configuration nothing is served in the clear.
func ServeNBD(ctx context.Context, l net.Listener, e *Exports, tls *tls.Config, log *Log) error {
	server := nbd.Server{Exports: nbdExports{e, log}, TLS: tls, RequireTLS: tls != nil, Hooks: nbdHooks(log)}
	return server.Serve(ctx, l)
}

// nbdExports are Exports as package nbd knows them.
type nbdExports struct {
	*Exports
	log *Log
}

// Lookup implements nbd.Exports. The device is the disk itself, with nothing
// wrapped around it: NBD sends pages of the files of a block.InFile.
func (e nbdExports) Lookup(ctx context.Context, peer *nbd.Peer, name string) (*nbd.Export, error) {
	v, ok := e.find(name)
	if !ok {
		return nil, fmt.Errorf("%q: %w", name, nbd.ErrUnknownExport)
	}
	d, err := v.Open(ctx)
	if err != nil {
		return nil, e.log.notOpened(peer.Addr.String(), v.Name, err)
	}
	return &nbd.Export{Name: v.Name, Description: v.Description, Device: d.Device, ReadOnly: d.Device.Caps().ReadOnly, Release: d.Release}, nil
}

// List implements nbd.Exports.
func (e nbdExports) List(context.Context, *nbd.Peer) ([]nbd.Export, error) {
	var exports []nbd.Export
	volumes, _ := e.all(math.MaxInt)
	for _, v := range volumes {
		exports = append(exports, nbd.Export{Name: v.Name, Description: v.Description})
	}
	return exports, nil
}

// nbdHooks tell of sessions.
func nbdHooks(log *Log) nbd.Hooks {
	var sessions sync.Map // *nbd.Session to *session; as many as there are connections
	return nbd.Hooks{
		Refused: func(p *nbd.Peer, err error) { log.refused(p.Addr.String(), err.Error()) },
		Open: func(s *nbd.Session) {
			sessions.Store(s, log.session(s.Peer.Addr.String()).connected(s.Export.Name))
		},
		Command: func(s *nbd.Session, command nbd.Command) {
			if found, ok := sessions.Load(s); ok {
				found.(*session).countNBD(command)
			}
		},
		Close: func(s *nbd.Session, err error) {
			if found, ok := sessions.LoadAndDelete(s); ok {
				found.(*session).ended(err)
			}
		},
	}
}

func (s *session) countNBD(command nbd.Command) {
	failed := command.Number != 0
	switch length := int64(command.Length); {
	case !failed && command.Name == "read":
		s.count(length, 0, false)
	case !failed && command.Name == "write":
		s.count(0, length, false)
	default:
		s.count(0, 0, failed)
	}
	if command.Err != nil {
		s.deviceError(command.Err)
	}
}
