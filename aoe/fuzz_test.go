package aoe

import (
	"context"
	"errors"
	"testing"

	"github.com/spurboot/spur/block"
)

// given is a link with frames that come once, and together.
type given struct {
	frames [][]byte
	t      *testing.T
}

var errNoMore = errors.New("no more frames")

func (g *given) Recv(b [][]byte) (int, error) {
	if len(g.frames) == 0 {
		return 0, errNoMore
	}
	n := len(g.frames)
	for i, f := range g.frames {
		b[i] = b[i][:copy(b[i], f)]
	}
	g.frames = nil
	return n, nil
}

func (g *given) Send(all [][]byte) {
	for _, b := range all {
		if len(b) < headerSize || len(b) > 14+1500 || b[14]&flagResponse == 0 {
			g.t.Errorf("sent %x", b)
		}
	}
}

func (g *given) Interrupt()   {}
func (g *given) Address() MAC { return MAC{2, 0, 0, 0, 0, 1} }
func (g *given) MTU() int     { return 1500 }

// FuzzFrames gives a server up to two frames.
func FuzzFrames(f *testing.F) {
	i := &initiator{target: MAC{2, 0, 0, 0, 0, 1}, from: MAC{2, 0, 0, 0, 0, 2}, shelf: 1}
	add := func(fs ...frame) {
		f.Add([]byte(fs[0]), []byte(fs[len(fs)-1]))
	}
	add(i.request(cmdATA, ata(ataWrite, 0, 1, ataWrite28, 1, make([]byte, 512)...)...), i.request(cmdATA, ata(0, 0, 2, ataRead, 1)...))
	add(i.request(cmdATA, ata(0, 0, 2, ataRead, 2046)...), i.request(cmdATA, ata(0, 0, 2, ataRead, 2048)...))
	add(i.request(cmdATA, ata(0, 0, 1, ataIdentify, 0)...))
	add(i.request(cmdATA, ata(ataWrite, 1, 1, ataDataSet, 0, make([]byte, 512)...)...), i.request(cmdATA, ata(0, 0, 0, ataFlush, 0)...))
	add(i.request(cmdConfig, 0, 0, 0, 0, 0, version<<4|configSet, 0, 1, 'x'), i.request(cmdConfig, 0, 0, 0, 0, 0, version<<4, 0, 0))
	add(i.request(cmdMask, append([]byte{0, maskEdit, 0, 1, 0, directiveAdd}, make([]byte, 6)...)...))
	add(i.request(cmdReserve, append([]byte{reserveForce, 1}, make([]byte, 6)...)...))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		s := &Server{Targets: []*Target{{Shelf: 1, Device: block.NewMemory(1 << 20)}}, Bounds: Bounds{Workers: 1}}
		if err := s.Serve(context.Background(), &given{frames: [][]byte{a, b}, t: t}); !errors.Is(err, errNoMore) {
			t.Error(err)
		}
	})
}
