package aoe

import (
	"bytes"
	"encoding/binary"
)

// Query Config Information (section 3.2).

// maxConfig is the longest configuration string, in bytes.
const maxConfig = 1024

// firmware is our version as the protocol wants to know it.
const firmware = 1

// Ways of a query.
const (
	configRead   = 0
	configTest   = 1 // answered where it is the string
	configPrefix = 2 // answered where the string begins with it
	configSet    = 3 // where there is none yet
	configForce  = 4
)

// queryConfig answers a query, or returns nil for silence. all says that it was
// asked of everyone, which may not change anything.
func (t *Target) queryConfig(f frame, all bool, sectors int) frame {
	if len(f) < configSize {
		return nil
	}
	way, n := f[headerSize+5]&0xf, int(binary.BigEndian.Uint16(f[headerSize+6:]))
	if way == configRead {
		n = 0
	} else if n > maxConfig || n > len(f)-configSize {
		return nil
	}
	given := f[configSize : configSize+n]
	t.mu.Lock()
	defer t.mu.Unlock()
	switch way {
	case configRead:
	case configTest:
		if !bytes.Equal(given, t.config) {
			return nil
		}
	case configPrefix:
		if !bytes.HasPrefix(t.config, given) {
			return nil
		}
	case configSet, configForce:
		switch {
		case all:
			return nil
		case t.reservedAgainst(f.source()):
			f.fail(errReserved)
		case way == configSet && len(t.config) > 0 && !bytes.Equal(given, t.config):
			f.fail(errConfigString)
		default:
			t.config = bytes.Clone(given)
		}
	default:
		f.fail(errArgument)
	}
	return t.describe(f[:headerSize], way, sectors)
}

// describe appends what every answer to a query says. t.mu is held.
func (t *Target) describe(f frame, way uint8, sectors int) frame {
	f = binary.BigEndian.AppendUint16(f, uint16(t.bounds.Buffers))
	f = binary.BigEndian.AppendUint16(f, firmware)
	f = append(f, uint8(sectors), version<<4|way)
	f = binary.BigEndian.AppendUint16(f, uint16(len(t.config)))
	return append(f, t.config...)
}

// advertisement is the answer to a question that nobody asked: it tells all
// that the target is there.
func (t *Target) advertisement(from MAC, sectors int) frame {
	f := newFrame(from, t.Shelf, t.Slot, cmdConfig)
	f[14] |= flagResponse
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.describe(f, configRead, sectors)
}
