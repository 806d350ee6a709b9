package tftp

import (
	"bufio"
	"io"
)

// A netasciiReader turns local text into netascii: LF becomes CR LF, a CR
// becomes CR NUL (RFC 1350 section 1, RFC 764).
type netasciiReader struct {
	r       *bufio.Reader
	pending int // the byte that must follow, -1 for none
}

func newNetasciiReader(r io.Reader) *netasciiReader {
	return &netasciiReader{r: bufio.NewReader(r), pending: -1}
}

func (a *netasciiReader) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if a.pending >= 0 {
			p[n] = byte(a.pending)
			a.pending = -1
			n++
			continue
		}
		c, err := a.r.ReadByte()
		if err != nil {
			if n > 0 {
				return n, nil
			}
			return 0, err
		}
		switch c {
		case '\n':
			c, a.pending = '\r', '\n'
		case '\r':
			a.pending = 0
		}
		p[n] = c
		n++
	}
	return n, nil
}

// A netasciiWriter turns netascii into local text. A CR that neither LF nor
// NUL follows is kept as it is.
type netasciiWriter struct {
	w    *bufio.Writer
	isCR bool // the last byte was a CR, not yet written
}

func newNetasciiWriter(w io.Writer) *netasciiWriter {
	return &netasciiWriter{w: bufio.NewWriter(w)}
}

func (a *netasciiWriter) Write(p []byte) (int, error) {
	for i, c := range p {
		if err := a.put(c); err != nil {
			return i, err
		}
	}
	return len(p), a.w.Flush()
}

func (a *netasciiWriter) put(c byte) error {
	wasCR := a.isCR
	a.isCR = false
	switch {
	case wasCR && c == '\n':
		return a.w.WriteByte('\n')
	case wasCR && c == 0:
		return a.w.WriteByte('\r')
	case wasCR:
		if err := a.w.WriteByte('\r'); err != nil {
			return err
		}
	}
	if c == '\r' {
		a.isCR = true
		return nil
	}
	return a.w.WriteByte(c)
}

// finish writes what the end of the file left pending.
func (a *netasciiWriter) finish() error {
	if a.isCR {
		a.isCR = false
		if err := a.w.WriteByte('\r'); err != nil {
			return err
		}
	}
	return a.w.Flush()
}

// decoder puts what turns the wire's bytes into local ones before w, and what
// finishes that before commit.
func decoder(w io.Writer, mode Mode, commit func() error) (io.Writer, func() error) {
	if mode != Netascii {
		return w, commit
	}
	a := newNetasciiWriter(w)
	return a, func() error {
		if err := a.finish(); err != nil {
			return err
		}
		return commit()
	}
}
