package aoe_test

import (
	"context"
	"log"
	"os"
	"os/signal"

	"github.com/spurboot/spur/aoe"
	"github.com/spurboot/spur/block"
)

// Serve a disk as e1.0 on an interface, until a signal comes.
func Example() {
	link, err := aoe.Open("eth0")
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	server := &aoe.Server{Targets: []*aoe.Target{{Shelf: 1, Slot: 0, Device: block.NewMemory(1 << 30)}}}
	if err := server.Serve(ctx, link); err != nil {
		log.Fatal(err)
	}
}
