package aoe

import "slices"

// The MAC mask list (section 3.3) and reservations (3.4): who may use a target.

// maxMasks is how many addresses a target's mask list can have.
const maxMasks = 128

// Errors and directives of the mask list.
const (
	maskRead, maskEdit             = 0, 1
	maskBad, maskFull              = 2, 3
	directiveAdd, directiveDelete  = 1, 2
	directiveNone                  = 0
	reserveRead, reserveSet, force = 0, 1, 2
)

// knows says whether a target listens to an address: an empty mask list is
// everyone. t.mu is held.
func (t *Target) knows(m MAC) bool { return len(t.masks) == 0 || slices.Contains(t.masks, m) }

// mayUse says whether no reservation is in the way of an address. t.mu is held.
func (t *Target) mayUse(m MAC) bool { return len(t.reserved) == 0 || slices.Contains(t.reserved, m) }

func (t *Target) listens(m MAC) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.knows(m)
}

func (t *Target) free(m MAC) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mayUse(m)
}

// maskList answers a MAC mask list command. space is the longest answer.
func (t *Target) maskList(f frame, space int) frame {
	if len(f) < maskSize {
		return nil
	}
	n := int(f[headerSize+3])
	if n*8 > len(f)-maskSize {
		f.fail(errArgument)
		return f[:maskSize]
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	f[headerSize+2] = 0
	switch f[headerSize+1] {
	case maskRead:
	case maskEdit:
		if !t.mayUse(f.source()) {
			f.fail(errReserved)
			return f[:maskSize]
		}
		for i := range n {
			d := f[maskSize+8*i:]
			if failure := t.direct(d[1], MAC(d[2:8]), space); failure != 0 {
				// Those before it are done, and counted; no list follows.
				f[headerSize+2], f[headerSize+3] = failure, uint8(i)
				return f[:maskSize]
			}
		}
	default:
		f.fail(errArgument)
		return f[:maskSize]
	}
	f[headerSize+3] = uint8(len(t.masks))
	f = f[:maskSize]
	for _, m := range t.masks {
		f = append(append(f, 0, directiveNone), m[:]...)
	}
	return f
}

// direct carries out one directive and returns a mask error.
func (t *Target) direct(directive uint8, m MAC, space int) uint8 {
	switch directive {
	case directiveNone:
	case directiveAdd:
		if slices.Contains(t.masks, m) {
			return 0
		}
		if len(t.masks) >= maxMasks || maskSize+8*(len(t.masks)+1) > space {
			return maskFull
		}
		t.masks = append(t.masks, m)
	case directiveDelete:
		t.masks = slices.DeleteFunc(t.masks, func(have MAC) bool { return have == m })
	default:
		return maskBad
	}
	return 0
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
	case reserveSet, force:
		if way == reserveSet && !t.mayUse(f.source()) {
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
		if t.hooks.Reserved != nil {
			t.hooks.Reserved(t, f.source(), slices.Clone(t.reserved))
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
