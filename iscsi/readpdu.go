package iscsi

import (
	"errors"
	"fmt"
	"io"
)

// readHeader reads a basic header segment with its additional ones.
func (c *conn) readHeader() error {
	if _, err := io.ReadFull(c.br, c.hdr[:]); err != nil {
		return err
	}
	c.seen.Add(1)
	if err := c.hdr.check(c.p.recvSegment); err != nil {
		return err // before more is waited for, which may never come
	}
	ahs := c.ahs[:c.hdr.ahsLen()]
	if _, err := io.ReadFull(c.br, ahs); err != nil {
		return err
	}
	if c.p.headerDigest {
		return c.checkHeaderDigest(ahs)
	}
	return nil
}

// errHeaderDigest: nothing after it can be trusted, the length least of all
// (RFC 7143 section 7.7).
var errHeaderDigest = errors.New("header digest error")

func (c *conn) checkHeaderDigest(ahs []byte) error {
	if _, err := io.ReadFull(c.br, c.trailer[:digestSize]); err != nil {
		return err
	}
	// Headers are multiples of four bytes, so that no padding is summed.
	sum := updateDigest(digest(c.hdr[:]), ahs)
	if sum != wireDigest(c.trailer[:]) {
		return errHeaderDigest
	}
	return nil
}

// errDataDigest: without recovery the connection is dropped, after a Reject
// that says why (RFC 7143 section 7.8).
var errDataDigest = errors.New("data digest error")

// readData reads the header's data segment; its first bytes into p, the rest
// goes nowhere.
func (c *conn) readData(p []byte) error {
	n := c.hdr.dataLen()
	if n == 0 {
		return nil
	}
	p = p[:min(n, len(p))]
	if _, err := io.ReadFull(c.br, p); err != nil {
		return err
	}
	rest := n - len(p)
	if rest > 0 {
		return c.skipData(p, rest)
	}
	var sum uint32
	if c.p.dataDigest {
		sum = updateDigest(0, p)
	}
	return c.endData(sum, pad(n))
}

// skipData drops the bytes that go nowhere; they are summed all the same.
func (c *conn) skipData(p []byte, rest int) error {
	padding := pad(c.hdr.dataLen())
	sum := updateDigest(0, p) // ends with the padding
	for left := rest + padding; left > 0; {
		chunk, err := c.br.Peek(min(left, readBuffer/2))
		if err != nil {
			return err
		}
		sum = updateDigest(sum, chunk)
		left -= len(chunk)
		if _, err := c.br.Discard(len(chunk)); err != nil {
			return err
		}
	}
	return c.endData(sum, 0)
}

func (c *conn) endData(sum uint32, padding int) error {
	n := padding
	if c.p.dataDigest {
		n += digestSize
	}
	if _, err := io.ReadFull(c.br, c.trailer[:n]); err != nil {
		return err
	}
	if c.p.dataDigest && updateDigest(sum, c.trailer[:padding]) != wireDigest(c.trailer[padding:]) {
		c.reject(&c.hdr, rejectDataDigest)
		return errDataDigest
	}
	return nil
}

// protocolError rejects the PDU and says what ends the connection.
func (c *conn) protocolError(format string, args ...any) error {
	c.reject(&c.hdr, rejectProtocol)
	return fmt.Errorf("protocol error: "+format, args...)
}
