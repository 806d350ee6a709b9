package tftp

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// Names of the options that this package negotiates.
const (
	OptBlockSize  = "blksize"    // RFC 2348
	OptTimeout    = "timeout"    // RFC 2349
	OptSize       = "tsize"      // RFC 2349
	OptWindowSize = "windowsize" // RFC 7440
)

// An Option is one name and value of a request or an OACK.
type Option struct{ Name, Value string }

// Options are in the order of the packet.
type Options []Option

// Get returns the value of the first option with that name. Names are
// case-insensitive (RFC 2347).
func (o Options) Get(name string) (string, bool) {
	for _, option := range o {
		if strings.EqualFold(option.Name, name) {
			return option.Value, true
		}
	}
	return "", false
}

// maxOptions bounds how many options of a packet are looked at.
const maxOptions = 32

// parseOptions reads name and value pairs. What doesn't parse ends the list:
// options that are not understood are ignored (RFC 2347).
func parseOptions(b []byte) Options {
	var options Options
	for len(b) > 0 && len(options) < maxOptions {
		name, rest, ok := bytes.Cut(b, []byte{0})
		if !ok || len(name) == 0 || len(rest) == 0 {
			break
		}
		value, rest, _ := bytes.Cut(rest, []byte{0})
		options = append(options, Option{string(name), string(value)})
		b = rest
	}
	return options
}

// limits are what a server is willing to agree to.
type limits struct {
	blockSize  int
	windowSize int // 0: what a usual client has room for
}

const (
	// maxWindowBytes bounds the memory of a transfer.
	maxWindowBytes = 1 << 20

	// A window that does not fit the client's receive buffer loses its end
	// each time, and then waits for a timeout: slower than lockstep. A Linux
	// client has 208 KiB (net.core.rmem_default), of which each frame of up
	// to 1500 bytes takes 2304; a quarter is left free.
	usualBuffer = 212992 * 3 / 4
	frameCost   = 2304
	framePart   = 1480 // payload of an IP fragment
	udpHeader   = 8

	// maxWindow is less than half of the block numbers, so that an old one
	// cannot be taken for a new one.
	maxWindow = 16384
)

// window returns the largest window of blocks of the given size.
func (l limits) window(blockSize int) int {
	most := max(1, maxWindowBytes/blockSize)
	if l.windowSize > 0 {
		return min(l.windowSize, most)
	}
	frames := (blockSize + headerSize + udpHeader + framePart - 1) / framePart
	return max(1, min(DefaultMaxWindowSize, usualBuffer/(frames*frameCost), most))
}

// terms are what both sides of a transfer go by.
type terms struct {
	blockSize  int
	windowSize int
	timeout    time.Duration // 0: not negotiated
	size       int64         // bytes, -1: unknown
	sizeAsked  bool          // the OACK carries tsize
}

// negotiate decides a server's answer to a client's options. The OACK holds
// the options in the client's order; it is empty when there is nothing to
// acknowledge, and then the transfer starts without one (RFC 2347). size is
// that of the file to be read, -1 if unknown; it is ignored for a write.
func negotiate(r *Request, size int64, limit limits) (terms, Options) {
	t := terms{blockSize: defaultBlockSize, windowSize: 1, size: size}
	if r.Op == Write {
		t.size = -1
	}
	var oack Options
	seen := map[string]bool{}
	for _, o := range r.Options {
		name := strings.ToLower(o.Name)
		if seen[name] { // "an option may only be specified once"
			continue
		}
		seen[name] = true
		value, err := number(o.Value)
		if err != nil || value < 0 {
			continue
		}
		if answer, ok := t.accept(name, value, r.Op, limit); ok {
			oack = append(oack, Option{o.Name, strconv.FormatInt(answer, 10)})
		}
	}
	return t.bounded(oack, limit.window(t.blockSize))
}

// number reads the value of an option, passing over spaces around it.
func number(value string) (int64, error) { return strconv.ParseInt(strings.TrimSpace(value), 10, 64) }

// accept applies one option and returns the value to acknowledge, or false
// to leave it unacknowledged, which declines it.
func (t *terms) accept(name string, value int64, op Op, limit limits) (int64, bool) {
	switch name {
	case OptBlockSize: // a smaller value may be acknowledged, never a larger one
		if value < minBlockSize {
			return 0, false
		}
		t.blockSize = int(min(value, int64(limit.blockSize)))
		return int64(t.blockSize), true
	case OptWindowSize:
		if value < 1 {
			return 0, false
		}
		t.windowSize = int(min(value, maxWindow))
		return int64(t.windowSize), true
	case OptTimeout: // only the very value may be acknowledged
		if value < 1 || value > 255 {
			return 0, false
		}
		t.timeout = time.Duration(value) * time.Second
		return value, true
	case OptSize:
		if op == Write {
			t.size = value
		}
		t.sizeAsked = t.size >= 0
		return t.size, t.sizeAsked
	}
	return 0, false
}

// bounded lowers the window to the most that suits the block size, which may
// come after it in the request. An OACK may name a smaller window than was
// asked for (RFC 7440 section 3).
func (t terms) bounded(oack Options, most int) (terms, Options) {
	if t.windowSize <= most {
		return t, oack
	}
	t.windowSize = most
	for i := range oack {
		if strings.EqualFold(oack[i].Name, OptWindowSize) {
			oack[i].Value = strconv.Itoa(most)
		}
	}
	return t, oack
}

// agree reads a server's OACK on the client's side: what isn't in it was
// declined. An answer that was not asked for, or that exceeds what was asked,
// is an error (RFC 2347: terminate with ERROR 8).
func agree(asked, oack Options) (terms, error) {
	t := terms{blockSize: defaultBlockSize, windowSize: 1, size: -1}
	for _, o := range oack {
		name := strings.ToLower(o.Name)
		value, err := number(o.Value)
		want, ok := asked.Get(name)
		if err != nil || value < 0 || !ok {
			return t, &Error{CodeOptionsRefused, "unexpected option " + printable([]byte(name))}
		}
		most, _ := number(want)
		switch {
		case name == OptBlockSize && value >= minBlockSize && value <= most:
			t.blockSize = int(value)
		case name == OptWindowSize && value >= 1 && value <= most:
			t.windowSize = int(value)
		case name == OptTimeout && value == most:
			t.timeout = time.Duration(value) * time.Second
		case name == OptSize:
			t.size, t.sizeAsked = value, true
		default:
			return t, &Error{CodeOptionsRefused, "unacceptable value of option " + printable([]byte(name))}
		}
	}
	return t, nil
}
