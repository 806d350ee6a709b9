package aoe

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
)

// TestUnplugged: a network that goes down and comes back is waited for; an
// interface that is removed ends the server.
func TestUnplugged(t *testing.T) {
	c := newCable(t, 1500)
	server, client, links := c.server, c.client, c.links
	ended := make(chan error, 1)
	s := &Server{Targets: []*Target{{Shelf: 1, Device: block.NewMemory(1 << 20)}}}
	go func() { ended <- s.Serve(context.Background(), server) }()
	i := &initiator{TB: t, link: client, target: server.Address(), from: client.Address(), shelf: 1}
	i.must(ata(0, 0, 1, ataIdentify, 0))

	end, err := links.LinkByName("target")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := links.LinkSetDown(end); err != nil {
			t.Fatal(err)
		}
		if err := links.LinkSetUp(end); err != nil {
			t.Fatal(err)
		}
		i.must(ata(0, 0, 1, ataIdentify, 0))
	}
	if err := links.LinkDel(end); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, errRemoved) {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the server goes on without its interface")
	}
}

// TestClosed: closing a link ends who waits for it, and those who come later.
func TestClosed(t *testing.T) {
	server, _ := wire(t, 1500)
	ended := make(chan error, 1)
	recv := func() { _, err := server.Recv([][]byte{make([]byte, 1514)}); ended <- err }
	go recv()
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, errInterrupted) {
		t.Error(err)
	}
	go recv()
	if err := <-ended; !errors.Is(err, errInterrupted) {
		t.Error(err)
	}
	server.Send([][]byte{make([]byte, 60)}) // is lost
	if err := server.Close(); err != nil {
		t.Error(err)
	}
}
