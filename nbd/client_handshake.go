package nbd

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// handshakeTimeout is the longest that a handshake of the client takes,
// whatever the context says.
const handshakeTimeout = 30 * time.Second

// negotiation is the client's side of the handshake.
type negotiation struct {
	nc       net.Conn
	in       *bufio.Reader
	options  Options
	fixed    bool // the server knows more than NBD_OPT_EXPORT_NAME
	noZeroes bool
	terms    terms
}

// optionReply is one reply to an option.
type optionReply struct {
	kind uint32
	data []byte
}

// maxListed bounds the replies to one option.
const maxListed = 1 << 16

// begin does the handshake up to where options are about exports.
func begin(ctx context.Context, nc net.Conn, o Options) (*negotiation, error) {
	n := &negotiation{nc: nc, in: bufio.NewReaderSize(nc, inputBuffer), options: o,
		terms: terms{minBlock: 1, preferred: 4096, maxPayload: 32 << 20}}
	var b [18]byte
	if _, err := io.ReadFull(n.in, b[:16]); err != nil {
		return nil, fmt.Errorf("no greeting from the server: %w", err)
	}
	if binary.BigEndian.Uint64(b[:]) != magicInit || binary.BigEndian.Uint64(b[8:]) != magicOption {
		return nil, errors.New("the server doesn't speak newstyle NBD")
	}
	if _, err := io.ReadFull(n.in, b[16:]); err != nil {
		return nil, err
	}
	flags := binary.BigEndian.Uint16(b[16:]) & (flagFixedNewstyle | flagNoZeroes)
	n.fixed, n.noZeroes = flags&flagFixedNewstyle != 0, flags&flagNoZeroes != 0
	if _, err := nc.Write(binary.BigEndian.AppendUint32(nil, uint32(flags))); err != nil {
		return nil, err
	}
	if o.TLS != nil {
		return n, n.startTLS(ctx)
	}
	return n, nil
}

func (n *negotiation) startTLS(ctx context.Context) error {
	if !n.fixed {
		return errors.New("the server is too old for TLS")
	}
	r, err := n.ask(optStartTLS, nil)
	if err != nil {
		return fmt.Errorf("the server has no TLS: %w", err)
	}
	if len(r) != 1 || n.in.Buffered() > 0 {
		return errors.New("the server sent more than it may before TLS")
	}
	tc := tls.Client(n.nc, n.options.TLS)
	if err := tc.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("TLS handshake: %w", err)
	}
	n.nc, n.in = tc, bufio.NewReaderSize(tc, inputBuffer)
	return nil
}

// ask sends an option and returns the replies up to the acknowledgement, which
// is the last of them.
func (n *negotiation) ask(opt uint32, data []byte) ([]optionReply, error) {
	if _, err := n.nc.Write(appendOption(nil, opt, data)); err != nil {
		return nil, err
	}
	var all []optionReply
	for range maxListed {
		r, err := n.readReply(opt)
		if err != nil {
			return nil, err
		}
		if r.kind&repError != 0 {
			return nil, &refusedOption{opt, r.kind, string(r.data)}
		}
		all = append(all, r)
		if r.kind == repAck {
			return all, nil
		}
	}
	return nil, fmt.Errorf("more than %d replies to option %d", maxListed, opt)
}

func (n *negotiation) readReply(opt uint32) (r optionReply, err error) {
	var b [20]byte
	if _, err := io.ReadFull(n.in, b[:]); err != nil {
		return r, fmt.Errorf("reply to option %d: %w", opt, err)
	}
	length := binary.BigEndian.Uint32(b[16:])
	switch {
	case binary.BigEndian.Uint64(b[:]) != magicOptionReply || binary.BigEndian.Uint32(b[8:]) != opt:
		return r, fmt.Errorf("reply to option %d: the server is out of step", opt)
	case length > maxOption:
		return r, fmt.Errorf("reply to option %d: %d bytes are too many", opt, length)
	}
	r.kind, r.data = binary.BigEndian.Uint32(b[12:]), make([]byte, length)
	_, err = io.ReadFull(n.in, r.data)
	return r, err
}

// open agrees on how to talk and chooses the export.
func (n *negotiation) open() error {
	if !n.fixed {
		return n.exportName()
	}
	if err := n.chooseMode(); err != nil {
		return err
	}
	if n.terms.mode != simple {
		if err := n.setMeta(); err != nil {
			return err
		}
	}
	replies, err := n.ask(optGo, infoRequest{n.options.Export, []uint16{infoBlockSize}}.bytes())
	if r, ok := errors.AsType[*refusedOption](err); ok && r.kind == repUnsupported {
		return n.exportName()
	}
	if err != nil {
		return fmt.Errorf("export %q: %w", n.options.Export, err)
	}
	return n.terms.learn(replies)
}

func (n *negotiation) chooseMode() error {
	for _, try := range []struct {
		option uint32
		mode   mode
		not    bool
	}{
		{optExtendedHeaders, extended, n.options.NoExtended || n.options.NoStructured},
		{optStructuredReply, structured, n.options.NoStructured},
	} {
		if try.not {
			continue
		}
		_, err := n.ask(try.option, nil)
		if err == nil {
			n.terms.mode = try.mode
			return nil
		}
		if _, refused := errors.AsType[*refusedOption](err); !refused {
			return err
		}
	}
	return nil
}

func (n *negotiation) setMeta() error {
	replies, err := n.ask(optSetMeta, metaRequest{n.options.Export, []string{baseAllocation}}.bytes())
	if _, refused := errors.AsType[*refusedOption](err); refused {
		return nil
	}
	for _, r := range replies {
		if r.kind == repMetaContext && len(r.data) > 4 && string(r.data[4:]) == baseAllocation {
			n.terms.meta, n.terms.metaID = true, binary.BigEndian.Uint32(r.data)
		}
	}
	return err
}

func (n *negotiation) exportName() error {
	if _, err := n.nc.Write(appendOption(nil, optExportName, []byte(n.options.Export))); err != nil {
		return err
	}
	b := make([]byte, 134)
	if n.noZeroes {
		b = b[:10]
	}
	if _, err := io.ReadFull(n.in, b); err != nil {
		return fmt.Errorf("export %q is refused: %w", n.options.Export, err)
	}
	n.terms.flags = binary.BigEndian.Uint16(b[8:])
	return n.terms.setSize(binary.BigEndian.Uint64(b))
}
