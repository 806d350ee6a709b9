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
)

const (
	// maxOption is the most data that an option may have; more is refused.
	maxOption = 64 << 10
	// maxSkip is the most that is read only to be refused.
	maxSkip = 1 << 20
	// maxOptions bounds how long a client may go on asking. A client that
	// lists exports asks a few questions about each.
	maxOptions = 1 << 14
	// inputBuffer is the size of a connection's input buffer.
	inputBuffer = 16 << 10
)

// errDone ends a handshake that the client gave up in good order.
var errDone = errors.New("the client is done")

// handshake is the server's side from the first byte to the transmission
// phase. It returns the connection to go on with, encrypted or not.
func (s *Server) handshake(ctx context.Context, nc net.Conn, h *optionPhase) (net.Conn, *bufio.Reader, error) {
	hello := binary.BigEndian.AppendUint64(nil, magicInit)
	hello = binary.BigEndian.AppendUint64(hello, magicOption)
	hello = binary.BigEndian.AppendUint16(hello, flagFixedNewstyle|flagNoZeroes)
	if _, err := nc.Write(hello); err != nil {
		return nil, nil, err
	}
	in := bufio.NewReaderSize(nc, inputBuffer)
	if err := h.clientFlags(in); err != nil {
		return nil, nil, err
	}
	for range maxOptions {
		opt, data, tooBig, err := readOption(in)
		if err != nil {
			return nil, nil, err
		}
		out, next, err := h.take(ctx, opt, data, tooBig)
		if err != nil {
			return nil, nil, err
		}
		if _, err := nc.Write(out); err != nil {
			return nil, nil, h.abandon(err)
		}
		switch next {
		case transmit:
			return nc, in, nil
		case hangUp:
			return nil, nil, errDone
		case secure:
			if nc, in, err = s.secure(ctx, nc, in, h.peer); err != nil {
				return nil, nil, err
			}
		}
	}
	return nil, nil, fmt.Errorf("client sent %d options and chose no export", maxOptions)
}

// abandon gives back an export that was chosen in vain.
func (h *optionPhase) abandon(err error) error {
	if h.chosen != nil {
		h.chosen.release()
	}
	return err
}

// errCrowdedOut is the end of a handshake in whose place another one is.
var errCrowdedOut = errors.New("a newer connection has its place: too many handshakes are under way; connect again")

// crowdedOut is how a handshake ends whose connection was closed for another one, though it
// may have been over by then.
func (h *optionPhase) crowdedOut(err error) error {
	if err == nil {
		return h.abandon(errCrowdedOut)
	}
	return errCrowdedOut
}

// take refuses an option whose data was too long to be read, else handles it.
func (h *optionPhase) take(ctx context.Context, opt uint32, data []byte, tooBig bool) ([]byte, step, error) {
	if tooBig {
		return appendOptionReply(nil, opt, repTooBig, nil), again, nil
	}
	return h.option(ctx, nil, opt, data)
}

func (h *optionPhase) clientFlags(in io.Reader) error {
	var b [4]byte
	if _, err := io.ReadFull(in, b[:]); err != nil {
		return err
	}
	flags := binary.BigEndian.Uint32(b[:])
	if flags&^uint32(flagFixedNewstyle|flagNoZeroes) != 0 {
		return fmt.Errorf("client flags %#x: unknown to this server", flags)
	}
	h.noZeroes = flags&uint32(flagNoZeroes) != 0
	return nil
}

// readOption reads one option. Data longer than maxOption is not kept.
func readOption(in *bufio.Reader) (opt uint32, data []byte, tooBig bool, err error) {
	var b [16]byte
	if _, err := io.ReadFull(in, b[:]); err != nil {
		return 0, nil, false, err
	}
	if magic := binary.BigEndian.Uint64(b[:]); magic != magicOption {
		return 0, nil, false, fmt.Errorf("option begins with %#x: the client is out of step", magic)
	}
	opt, n := binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
	switch {
	case n > maxSkip:
		return 0, nil, false, fmt.Errorf("option %d with %d bytes of data: too much to be read", opt, n)
	case n > maxOption:
		_, err = in.Discard(int(n))
		return opt, nil, true, err
	}
	data = make([]byte, n)
	_, err = io.ReadFull(in, data)
	return opt, data, false, err
}

// secure does the TLS handshake.
func (s *Server) secure(ctx context.Context, nc net.Conn, in *bufio.Reader, peer *Peer) (net.Conn, *bufio.Reader, error) {
	// Bytes sent in the clear before the reply could have been put there by
	// someone else, and would be taken for encrypted ones.
	if in.Buffered() > 0 {
		return nil, nil, errors.New("client sent bytes in the clear after asking for TLS")
	}
	tc := tls.Server(nc, s.TLS)
	if err := tc.HandshakeContext(ctx); err != nil {
		return nil, nil, fmt.Errorf("TLS handshake: %w", err)
	}
	state := tc.ConnectionState()
	peer.TLS = &state
	return tc, bufio.NewReaderSize(tc, inputBuffer), nil
}
