package aoe_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
	"time"

	"github.com/spurboot/spur/aoe"
	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/raw"
)

// A program that serves a file.
func ExampleListenAndServe() {
	disk, err := raw.OpenFile("disk.img", raw.Options{})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(aoe.ListenAndServe(context.Background(), "eth0", disk))
}

// end is one end of a cable, which is a Link in memory; aoe.Open opens an interface.
type end struct {
	address     aoe.MAC
	in, out     chan []byte
	interrupted chan struct{}
	once        sync.Once
}

// cable makes both ends of a cable.
func cable() (a, b *end) {
	there, back := make(chan []byte, 100), make(chan []byte, 100)
	a = &end{address: aoe.MAC{2, 0, 0, 0, 0, 1}, in: there, out: back, interrupted: make(chan struct{})}
	b = &end{address: aoe.MAC{2, 0, 0, 0, 0, 2}, in: back, out: there, interrupted: make(chan struct{})}
	return a, b
}

func (e *end) Recv(frames [][]byte) (int, error) {
	select {
	case f := <-e.in:
		frames[0] = frames[0][:copy(frames[0], f)]
		return 1, nil
	case <-e.interrupted:
		return 0, errors.New("interrupted")
	}
}

func (e *end) Send(frames [][]byte) {
	for _, f := range frames {
		select {
		case e.out <- bytes.Clone(f):
		default: // lost, as on any network
		}
	}
}

func (e *end) Interrupt()       { e.once.Do(func() { close(e.interrupted) }) }
func (e *end) Address() aoe.MAC { return e.address }
func (e *end) MTU() int         { return 1500 }

// A disk is served on a cable, and found at its other end.
func Example() {
	target, host := cable()
	server := &aoe.Server{Targets: []*aoe.Target{{Shelf: 1, Slot: 2, Device: block.NewMemory(1 << 30)}}}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- server.Serve(ctx, target) }()

	asking, done := context.WithTimeout(ctx, time.Second)
	defer done()
	found, err := aoe.Discover(asking, host, aoe.AnyShelf)
	for _, f := range found {
		fmt.Printf("e%d.%d at %s\n", f.Shelf, f.Slot, f.From)
	}
	stop()
	fmt.Println(err, <-ended)
	// Output:
	// e1.2 at 02:00:00:00:00:01
	// <nil> <nil>
}
