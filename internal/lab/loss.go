package lab

import "math/rand/v2"

// Loss is a cable that loses frames. The same seed loses the same frames, each
// direction counted by itself.
type Loss struct {
	Share float64 // of the frames, in each direction: 0.05 loses one in twenty
	Seed  uint64
}

// loss implements Filter. Each direction has its own generator, so that the
// other one's timing doesn't change which frames are lost.
type loss struct {
	share float64
	draw  [2]*rand.Rand
}

func newLoss(l Loss) *loss {
	f := &loss{share: l.Share}
	for way := range f.draw {
		f.draw[way] = rand.New(rand.NewPCG(l.Seed, uint64(way)))
	}
	return f
}

func (f *loss) Frame(way Direction, frame []byte) []byte {
	if f.draw[way].Float64() < f.share {
		return nil
	}
	return frame
}
