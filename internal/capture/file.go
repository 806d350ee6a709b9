package capture

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// Bounds of what is read of one capture.
const (
	maxFile    = 4 << 30 // bytes, unpacked
	maxPackets = 5_000_000
)

// ErrFormat is the error about a file that is no capture.
var ErrFormat = errors.New("this is no capture of packets (pcap or pcapng)")

// frames are the packets of a file, one after the other.
type frames interface {
	// next returns a frame, which is good until the next call.
	next() (data []byte, info gopacket.CaptureInfo, link layers.LinkType, err error)
}

// openFile recognises the format of a capture, which may be packed by gzip.
func openFile(r io.Reader) (frames, error) {
	b := bufio.NewReader(r)
	if magic, _ := b.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		unpacked, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		b = bufio.NewReader(unpacked)
	}
	limited := bufio.NewReader(io.LimitReader(b, maxFile))
	magic, err := limited.Peek(4)
	if err != nil {
		return nil, fmt.Errorf("%w: it has %d bytes", ErrFormat, len(magic))
	}
	if string(magic) == "\x0a\x0d\x0d\x0a" {
		return newNG(limited)
	}
	if !slices.Contains(classicMagics(), string(magic)) {
		return nil, ErrFormat
	}
	classic, err := pcapgo.NewReader(limited)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return pcapFrames{classic}, nil
}

// classicMagics are how captures begin that tcpdump writes: with times in microseconds or
// nanoseconds, of hosts of either byte order.
func classicMagics() []string {
	return []string{"\xa1\xb2\xc3\xd4", "\xd4\xc3\xb2\xa1", "\xa1\xb2\x3c\x4d", "\x4d\x3c\xb2\xa1"}
}

type pcapFrames struct{ r *pcapgo.Reader }

func (f pcapFrames) next() ([]byte, gopacket.CaptureInfo, layers.LinkType, error) {
	data, info, err := f.r.ZeroCopyReadPacketData()
	return data, info, f.r.LinkType(), err
}

type ngFrames struct{ r *pcapgo.NgReader }

// newNG reads pcapng, whose interfaces may be of different kinds.
func newNG(r *bufio.Reader) (frames, error) {
	ng, err := pcapgo.NewNgReader(&blocks{from: r}, pcapgo.NgReaderOptions{WantMixedLinkType: true, SkipUnknownVersion: true})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return ngFrames{ng}, nil
}

func (f ngFrames) next() ([]byte, gopacket.CaptureInfo, layers.LinkType, error) {
	data, info, err := f.r.ZeroCopyReadPacketData()
	link := layers.LinkTypeEthernet
	if len(info.AncillaryData) > 0 {
		if t, ok := info.AncillaryData[0].(layers.LinkType); ok {
			link = t
		}
	}
	return data, info, link, err
}

// Read finds the boots in a capture. A file that ends too early or is damaged is
// good up to there, which the result's notes say.
func Read(r io.Reader) (*Capture, error) {
	file, err := openFile(r)
	if err != nil {
		return nil, err
	}
	a := newAssembly()
	for {
		data, info, link, err := file.next()
		if err != nil {
			a.ended(err)
			break
		}
		if a.Packets++; a.Packets > maxPackets {
			a.note("it has more than %d packets, of which the rest was not read", maxPackets)
			break
		}
		a.frame(data, link, info)
	}
	return a.finish(), nil
}

// ended says how a file ended that didn't where a packet did.
func (a *assembly) ended(err error) {
	switch {
	case errors.Is(err, io.EOF):
	case errors.Is(err, io.ErrUnexpectedEOF):
		a.note("it ends within a packet, after %d whole ones", a.Packets)
	default:
		a.note("it is damaged after %d packets: %v", a.Packets, err)
	}
}

// clock is the time of a packet, which never goes back: captures of several
// interfaces are merged carelessly now and then.
func (a *assembly) clock(at time.Time) time.Time {
	if at.Before(a.Ended) {
		return a.Ended
	}
	if a.Began.IsZero() {
		a.Began = at
	}
	a.Ended = at
	return at
}
