package nbd

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"

	"github.com/spurboot/spur/block"
)

// An Export is a device under a name.
type Export struct {
	// Name is what clients ask for; at most 4096 bytes of UTF-8. The export
	// with the empty name is the default one.
	Name string
	// Description is for people; may be empty.
	Description string
	Device      block.Device
	// ReadOnly refuses writes even where the device would take them.
	ReadOnly bool
	// Private says that the device is this connection's alone. A device that
	// all connections share lets clients open several (CAN_MULTI_CONN): a
	// flush on one makes durable what was written on the others.
	Private bool
	// Release is called when the connection, or the question about the export,
	// is over. It may be nil.
	Release func()
}

// Exports is what a server has to offer.
type Exports interface {
	// Lookup returns the export of that name. An error that wraps
	// ErrUnknownExport or ErrRefused is told the client as such.
	Lookup(ctx context.Context, peer *Peer, name string) (*Export, error)
	// List returns the exports that the peer may know of; only Name and
	// Description are used. It returns ErrRefused to keep them to itself.
	List(ctx context.Context, peer *Peer) ([]Export, error)
}

// What a Lookup or List refuses with.
var (
	ErrUnknownExport = errors.New("no such export")
	ErrRefused       = errors.New("not allowed")
)

// A Peer is the client of a connection.
type Peer struct {
	Addr net.Addr
	// TLS is nil on a connection in the clear. It has the client's
	// certificates.
	TLS *tls.ConnectionState
}

// Fixed are exports that never change, for everyone.
type Fixed []Export

// Lookup returns the export of that name. The only export of a list is also
// the default one.
func (f Fixed) Lookup(_ context.Context, _ *Peer, name string) (*Export, error) {
	for i := range f {
		if f[i].Name == name || name == "" && len(f) == 1 {
			return &f[i], nil
		}
	}
	return nil, fmt.Errorf("%q: %w", name, ErrUnknownExport)
}

// List returns all.
func (f Fixed) List(context.Context, *Peer) ([]Export, error) { return f, nil }

func (e *Export) readOnly() bool { return e.ReadOnly || e.Device.Caps().ReadOnly }

func (e *Export) release() {
	if e.Release != nil {
		e.Release()
	}
}

// flags are the export's transmission flags on a connection.
func (e *Export) flags(m mode, meta bool) uint16 {
	f := flagHasFlags | flagFlush | flagFUA | flagCache
	if e.readOnly() {
		f |= flagReadOnly
	} else {
		// FAST_ZERO says that the flag is understood, not that zeroing is
		// fast.
		f |= flagWriteZeroes | flagFastZero
		if e.Device.Caps().Trim {
			f |= flagTrim
		}
	}
	if m != simple {
		f |= flagDF
	}
	if m == extended && meta {
		f |= flagStatusPayload
	}
	if !e.Private || e.readOnly() {
		f |= flagMultiConn
	}
	return f
}

// appendInfo appends the replies of NBD_OPT_INFO and NBD_OPT_GO but the last.
func (e *Export) appendInfo(b []byte, option uint32, r infoRequest, m mode, meta bool, maxPayload int) []byte {
	var d []byte
	d = binary.BigEndian.AppendUint16(d, infoExport)
	d = binary.BigEndian.AppendUint64(d, uint64(e.Device.Size()))
	d = binary.BigEndian.AppendUint16(d, e.flags(m, meta))
	b = appendOptionReply(b, option, repInfo, d)

	d = binary.BigEndian.AppendUint16(d[:0], infoBlockSize)
	d = binary.BigEndian.AppendUint32(d, 1)
	d = binary.BigEndian.AppendUint32(d, uint32(max(e.Device.Caps().BlockSize, 4096)))
	d = binary.BigEndian.AppendUint32(d, uint32(maxPayload))
	b = appendOptionReply(b, option, repInfo, d)

	for _, w := range r.wanted {
		switch {
		case w == infoName:
			d = append(binary.BigEndian.AppendUint16(d[:0], infoName), e.Name...)
			b = appendOptionReply(b, option, repInfo, d)
		case w == infoDescription && e.Description != "":
			d = append(binary.BigEndian.AppendUint16(d[:0], infoDescription), e.Description...)
			b = appendOptionReply(b, option, repInfo, d)
		}
	}
	return b
}
