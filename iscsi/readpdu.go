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
	if _, err := io.ReadFull(c.br, c.trailer[:]); err != nil {
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
// goes nowhere, but is summed all the same.
func (c *conn) readData(p []byte) error {
	n := c.hdr.dataLen()
	if n == 0 {
		return nil
	}
	p = p[:min(n, len(p))]
	if _, err := io.ReadFull(c.br, p); err != nil {
		return err
	}
	sum := c.sumData(0, p)
	for left := n + pad(n) - len(p); left > 0; {
		chunk, err := c.br.Peek(min(left, readBuffer/2))
		if err != nil {
			return err
		}
		sum = c.sumData(sum, chunk)
		left -= len(chunk)
		if _, err := c.br.Discard(len(chunk)); err != nil {
			return err
		}
	}
	return c.checkDataDigest(sum)
}

func (c *conn) sumData(sum uint32, p []byte) uint32 {
	if !c.p.dataDigest {
		return 0
	}
	return updateDigest(sum, p)
}

func (c *conn) checkDataDigest(sum uint32) error {
	if !c.p.dataDigest {
		return nil
	}
	if _, err := io.ReadFull(c.br, c.trailer[:]); err != nil {
		return err
	}
	if sum != wireDigest(c.trailer[:]) {
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
