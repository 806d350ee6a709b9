// Command aoe runs Spur's AoE target and vblade by turns on the same file, and
// prints the ratios as a table.
//
//	go run ./bench/aoe [-quick] [-rounds N] [-seconds N]
//
// It needs root and the package vblade. The client is this program in another
// network namespace; it does as little as possible per frame. Every figure is
// the best of its rounds, the servers taking turns within each round; only the
// ratios mean anything.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spurboot/spur/aoe"
	"github.com/spurboot/spur/block/raw"
	"github.com/spurboot/spur/internal/lab"
)

// megabytes is the size of the disk.
const megabytes = 128

func main() {
	var err error
	if len(os.Args) == 3 && os.Args[1] == "serve" { // ours, as a process of its own
		err = serve(os.Args[2])
	} else {
		err = bench()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/aoe:", err)
		os.Exit(1)
	}
}

func serve(file string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	device, err := raw.Open(file, raw.Options{})
	if err != nil {
		return err
	}
	defer device.Close()
	link, err := aoe.Open("eth0")
	if err != nil {
		return err
	}
	defer link.Close()
	return (&aoe.Server{Targets: []*aoe.Target{{Shelf: 1, Slot: 1, Device: device}}}).Serve(ctx, link)
}

func bench() error {
	rounds := flag.Int("rounds", 5, "rounds per point")
	seconds := flag.Int("seconds", 2, "how long a measurement takes")
	quick := flag.Bool("quick", false, "fewer rounds, shorter")
	flag.Parse()
	if *quick {
		*rounds, *seconds = 2, 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := lab.New(ctx, lab.Options{})
	if err != nil {
		return err
	}
	defer l.Close()
	b, err := newBench(l)
	if err != nil {
		return err
	}
	defer b.link.Close()
	fmt.Println("| | spur | vblade | ratio |")
	fmt.Println("|---|---|---|---|")
	for _, p := range b.points() {
		best := map[string]float64{}
		for range *rounds {
			for _, name := range []string{"spur", "vblade"} {
				got, err := b.measure(ctx, name, p, time.Duration(*seconds)*time.Second)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", p.name, name, err)
				}
				best[name] = max(best[name], got)
			}
		}
		fmt.Printf("| %s | %.1fk/s | %.1fk/s | %.2f |\n", p.name, best["spur"]/1e3, best["vblade"]/1e3, best["spur"]/best["vblade"])
	}
	return nil
}

// benchmark is the cable, and who is at its ends.
type benchmark struct {
	target *lab.Host
	link   *aoe.Interface
	file   string
}

func newBench(l *lab.Lab) (*benchmark, error) {
	b := &benchmark{file: filepath.Join(l.Dir(), "disk")}
	f, err := os.Create(b.file)
	if err != nil {
		return nil, err
	}
	_, err = io.CopyN(f, rand.Reader, megabytes<<20)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	wire, err := l.Wire("wire")
	if err != nil {
		return nil, err
	}
	if b.target, err = l.Host("target", lab.On(wire, "10.77.0.1/24")); err != nil {
		return nil, err
	}
	host, err := l.Host("host", lab.On(wire, "10.77.0.2/24"))
	if err != nil {
		return nil, err
	}
	return b, host.Do(func() (err error) { b.link, err = aoe.Open("eth0"); return err })
}

// measure is one round of one server, in commands per second.
func (b *benchmark) measure(ctx context.Context, name string, p point, d time.Duration) (float64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	args := []string{self, "serve", b.file}
	if name == "vblade" {
		args = []string{"vblade", "-b", "64", "1", "1", "eth0", b.file}
	}
	server, err := b.target.Start(args[0], args[1:]...)
	if err != nil {
		return 0, err
	}
	defer func() { _ = server.Stop() }()
	c := &client{link: b.link, point: p}
	if err := c.discover(); err != nil {
		return 0, err
	}
	return c.run(ctx, d)
}
