package nbi

import "errors"

// home is how many bytes the starter needs for itself, its stack and the record; between
// two of its homes are as many, so that one of both is free wherever it was loaded.
const home = 0x1800

// plan is how an image gets to its places.
type plan struct {
	moves []Segment // the header first
	homes [2]uint32 // addresses below 1 MiB that no segment takes
	stage int64     // where the file is moved to before, out of the way of its segments
	need  int64     // how much memory there must be
}

// plan makes the plan.
func (i Image) plan() (plan, error) {
	p := plan{moves: append([]Segment{{To: linear(i.Location), File: HeaderLen, Memory: HeaderLen}}, i.Segments...), stage: kernelAt}
	top, below := kernelAt+i.Size, int64(0)
	for _, s := range p.moves {
		if s.FromEnd {
			below = max(below, -s.To)
			continue
		}
		if s.To < kernelAt+i.Size && s.To+s.Memory > kernelAt {
			p.stage = 0
		}
		top = max(top, s.To+s.Memory)
	}
	if p.stage == 0 {
		p.stage = (top + 15) &^ 15
		top = p.stage + i.Size
	}
	p.need = top + below
	if p.need >= farthest {
		return plan{}, errors.New("it needs more than 4 GiB of memory")
	}
	return p, p.settle()
}

// settle finds the starter's homes.
func (p *plan) settle() error {
	next := int64(0x8e000)
	for n := range p.homes {
		for ; next >= 0x1000 && p.taken(next); next -= 0x400 {
		}
		if next < 0x1000 {
			return errors.New("it leaves no room in the first 640 KiB for what starts it")
		}
		p.homes[n] = uint32(next)
		next -= 2 * home
	}
	return nil
}

// taken tells whether a segment goes to where a home would be.
func (p *plan) taken(at int64) bool {
	for _, s := range p.moves {
		if !s.FromEnd && s.To < at+home && s.To+s.Memory > at {
			return true
		}
	}
	return false
}
