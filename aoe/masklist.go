package aoe

import "slices"

// The MAC mask list (section 3.3): whom a target answers at all.

// maxMasks is how many addresses a target's mask list can have.
const maxMasks = 128

// Commands, errors and directives of the mask list.
const (
	maskRead, maskEdit                           = 0, 1
	maskBad, maskFull                            = 2, 3
	directiveNone, directiveAdd, directiveDelete = 0, 1, 2
)

// masked says whether the mask list keeps an address out: an empty one is for
// everyone.
func (t *Target) masked(m MAC) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.masks) > 0 && !slices.Contains(t.masks, m)
}

// maskList answers a MAC mask list command. space is the longest answer.
func (t *Target) maskList(f frame, space int) frame {
	if len(f) < maskSize {
		return nil
	}
	way, n := f[headerSize+1], int(f[headerSize+3])
	f[headerSize+2] = 0
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case n*8 > len(f)-maskSize, way != maskRead && way != maskEdit:
		f.fail(errArgument)
		return f[:maskSize]
	case way == maskRead:
		n = 0
	case t.reservedAgainst(f.source()):
		f.fail(errReserved)
		return f[:maskSize]
	}
	for i := range n {
		d := f[maskSize+8*i:]
		if failure := t.editMask(d[1], MAC(d[2:8]), space); failure != 0 {
			// Those before it are done, and counted; no list follows.
			f[headerSize+2], f[headerSize+3] = failure, uint8(i)
			return f[:maskSize]
		}
	}
	f[headerSize+3] = uint8(len(t.masks))
	f = f[:maskSize]
	for _, m := range t.masks {
		f = append(append(f, 0, directiveNone), m[:]...)
	}
	return f
}

// editMask carries out one directive and returns a mask error.
func (t *Target) editMask(directive uint8, m MAC, space int) uint8 {
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
