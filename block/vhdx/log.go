package vhdx

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/imagemap"
)

// The log (MS-VHDX 2.3) is a ring of sectors. An entry begins with a header and
// descriptors, of which each that brings data has a sector of it behind them.
const (
	logSector      = 4096
	entryHeader    = 64
	descriptorSize = 32
	mostLog        = 64 << 20
	// mostZeros bounds what log entries say is zero; that takes no space in
	// the log, and so could be said of millions of places.
	mostZeros = 4096
)

// ErrLog is that an image has changes in its log that can't be played back.
var ErrLog = fmt.Errorf("%w: its log", imagemap.ErrDamaged)

// ring is a log.
type ring struct {
	id      [16]byte // whose entries are meant
	sectors []byte
}

// entry is an entry of the log that has been found sound.
type entry struct {
	at, length  int64 // in the ring
	tail        int64 // where the first entry is that is still needed
	sequence    uint64
	descriptors uint32
	flushed     uint64 // bytes that the file had at least when this was written
	last        uint64 // bytes that the file has to have afterwards
}

func (r ring) sector(at int64) []byte {
	at %= int64(len(r.sectors))
	return r.sectors[at:][:logSector]
}

// replay plays back the log that a header tells of, over the file.
func replay(file block.Source, header []byte, length int64) (block.Source, error) {
	le := binary.LittleEndian
	r := ring{id: [16]byte(header[48:64])}
	if r.id == [16]byte{} {
		return file, nil
	}
	if version := le.Uint16(header[64:]); version != 0 {
		return nil, fmt.Errorf("%w has version %d, which is unknown", ErrLog, version)
	}
	size, at := int64(le.Uint32(header[68:])), le.Uint64(header[72:])
	if size == 0 || size%mega != 0 || size > mostLog || at%mega != 0 || at > uint64(length) {
		return nil, fmt.Errorf("%w has %d bytes at byte %d", ErrLog, size, at)
	}
	r.sectors = make([]byte, size)
	if err := imagemap.ReadFull(file, r.sectors, int64(at)); err != nil {
		return nil, err
	}
	p := &logOverlay{Source: file, length: length}
	for _, e := range r.active() {
		if err := r.play(e, p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// active is the sequence of entries that is to be played back: the one with the
// highest numbers of those whose tail is in them (MS-VHDX 2.3.2). It may be
// empty, as QEMU leaves it when it has opened an image and nothing happened.
func (r ring) active() []entry {
	var best []entry
	for at := int64(0); at < int64(len(r.sectors)); {
		found := r.sequence(at)
		if len(found) == 0 {
			at += logSector
			continue
		}
		head := found[len(found)-1]
		for i, e := range found {
			if e.at == head.tail && (best == nil || head.sequence > best[len(best)-1].sequence) {
				best = found[i:]
			}
		}
		at = head.at + head.length
		if head.at < found[0].at {
			break // it went round
		}
	}
	return best
}

// sequence is the sound entries that follow each other from a place.
func (r ring) sequence(at int64) []entry {
	var found []entry
	for total := int64(0); ; {
		e, ok := r.entry(at)
		if !ok || len(found) > 0 && e.sequence != found[len(found)-1].sequence+1 {
			return found
		}
		if total += e.length; total > int64(len(r.sectors)) {
			return found
		}
		found = append(found, e)
		at = (at + e.length) % int64(len(r.sectors))
	}
}

// entry looks whether there is a sound entry at a place. It gives up at the
// first sector that can't be of one, so that a log full of beginnings isn't
// read again for each.
func (r ring) entry(at int64) (entry, bool) {
	le := binary.LittleEndian
	h := r.sector(at)
	e := entry{
		at: at, length: int64(le.Uint32(h[8:])), tail: int64(le.Uint32(h[12:])), sequence: le.Uint64(h[16:]),
		descriptors: le.Uint32(h[24:]), flushed: le.Uint64(h[48:]), last: le.Uint64(h[56:]),
	}
	if string(h[:4]) != "loge" || [16]byte(h[32:48]) != r.id || e.sequence == 0 ||
		e.length < logSector || e.length%logSector != 0 || e.length > int64(len(r.sectors)) || e.tail%logSector != 0 {
		return e, false
	}
	need := e.front()
	for i := range int64(e.descriptors) {
		d := r.descriptor(e, i)
		isData := string(d[:4]) == "desc"
		if need > e.length || !isData && string(d[:4]) != "zero" || le.Uint64(d[24:]) != e.sequence {
			return e, false
		}
		if isData {
			need += logSector
		}
	}
	return e, need == e.length && r.wholeData(e) && r.sum(e) == le.Uint32(h[4:])
}

// front is the length of the sectors with the header and the descriptors.
func (e entry) front() int64 {
	return (entryHeader + int64(e.descriptors)*descriptorSize + logSector - 1) &^ (logSector - 1)
}

// descriptor is one of an entry. None crosses the end of a sector.
func (r ring) descriptor(e entry, i int64) []byte {
	at := entryHeader + i*descriptorSize
	return r.sector(e.at + at&^(logSector-1))[at%logSector:][:descriptorSize]
}

// wholeData says whether each sector of data was written as a whole: its number
// is at its beginning and its end.
func (r ring) wholeData(e entry) bool {
	le := binary.LittleEndian
	for at := e.front(); at < e.length; at += logSector {
		s := r.sector(e.at + at)
		high, low := le.Uint32(s[4:]), le.Uint32(s[logSector-4:])
		if string(s[:4]) != "data" || uint64(high)<<32|uint64(low) != e.sequence {
			return false
		}
	}
	return true
}

// sum is the checksum of an entry, whose own bytes count as zero.
func (r ring) sum(e entry) uint32 {
	h := r.sector(e.at)
	sum := crc32.Update(0, castagnoli, h[:4])
	sum = crc32.Update(sum, castagnoli, make([]byte, 4))
	sum = crc32.Update(sum, castagnoli, h[8:])
	for at := int64(logSector); at < e.length; at += logSector {
		sum = crc32.Update(sum, castagnoli, r.sector(e.at+at))
	}
	return sum
}

// play makes the changes of an entry.
func (r ring) play(e entry, p *logOverlay) error {
	le := binary.LittleEndian
	size, err := p.Source.Size()
	switch {
	case err != nil:
		return err
	case e.flushed > uint64(size):
		return fmt.Errorf("%w was written to a file of %d bytes, which has been cut to %d", ErrLog, e.flushed, size)
	case e.last > 2*mostSize:
		return fmt.Errorf("%w is of a file of %d bytes", ErrLog, e.last)
	}
	p.length = max(p.length, int64(e.last))
	data := e.at + e.front()
	for i := range int64(e.descriptors) {
		d := r.descriptor(e, i)
		off, n := le.Uint64(d[16:]), uint64(logSector)
		var content []byte
		if string(d[:4]) == "desc" {
			content = append(content, d[8:16]...)
			content = append(content, r.sector(data)[8:logSector-4]...)
			content = append(content, d[4:8]...)
			data += logSector
		} else {
			n = le.Uint64(d[8:])
		}
		if off > uint64(p.length) || n > uint64(p.length)-off {
			return fmt.Errorf("%w changes %d bytes at %d of a file of %d", ErrLog, n, off, p.length)
		}
		if err := p.put(change{off: int64(off), n: int64(n), data: content}); err != nil {
			return err
		}
	}
	return nil
}
