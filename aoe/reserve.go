package aoe

import "slices"

// Reserve/Release (section 3.4): who may use a target.

// Commands of Reserve/Release.
const reserveRead, reserveSet, reserveForce = 0, 1, 2

// reservedAgainst says whether a reservation is in the way of an address. t.mu is
// held.
func (t *Target) reservedAgainst(m MAC) bool {
	return len(t.reserved) > 0 && !slices.Contains(t.reserved, m)
}

// conflicts is reservedAgainst where t.mu isn't held.
func (t *Target) conflicts(m MAC) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reservedAgainst(m)
}

// reserve answers a Reserve/Release command. Setting no address releases.
func (t *Target) reserve(f frame, space int) frame {
	if len(f) < rsvSize {
		return nil
	}
	n := int(f[headerSize+1])
	t.mu.Lock()
	defer t.mu.Unlock()
	switch way := f[headerSize]; way {
	case reserveRead:
	case reserveSet, reserveForce:
		if way == reserveSet && t.reservedAgainst(f.source()) {
			f.fail(errReserved)
			break
		}
		if rsvSize+6*n > min(len(f), space) {
			f.fail(errArgument)
			break
		}
		t.reserved = t.reserved[:0]
		for i := range n {
			t.reserved = append(t.reserved, MAC(f[rsvSize+6*i:rsvSize+6*i+6]))
		}
	default:
		f.fail(errArgument)
	}
	f[headerSize+1] = uint8(len(t.reserved))
	f = f[:rsvSize]
	for _, m := range t.reserved {
		f = append(f, m[:]...)
	}
	return f
}
