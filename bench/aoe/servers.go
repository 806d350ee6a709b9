package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spurboot/spur/aoe"
	"github.com/spurboot/spur/bench/testbed"
	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/raw"
)

// megabytes is the size of the disk.
const megabytes = 128

// server is a program that serves a file as e1.1.
type server struct {
	name    string
	command func(l *lab) []string
}

// servers are Spur and its peer, in this order.
func servers() []server {
	return []server{
		{"spur", func(l *lab) []string { return []string{l.Self, "serve", l.disk} }},
		{"vblade", func(l *lab) []string {
			return []string{"vblade", "-b", strconv.Itoa(buffers), "1", "1", testbed.Device, l.disk}
		}},
	}
}

// buffers is how many commands vblade may be sent at once; it sizes its socket
// by that.
const buffers = 64

// A lab is the wire and the disk.
type lab struct {
	*testbed.Testbed
	dir, disk string
}

func newLab(o options) (l *lab, err error) {
	l = &lab{}
	if l.Testbed, err = testbed.New(); err != nil {
		return nil, err
	}
	if err := l.makeDisk(o.dir); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *lab) close() {
	l.Close()
	if l.dir != "" {
		_ = os.RemoveAll(l.dir)
	}
}

// makeDisk makes a disk full of noise.
func (l *lab) makeDisk(dir string) (err error) {
	if l.dir, err = os.MkdirTemp(dir, "spur-bench-aoe"); err != nil {
		return err
	}
	l.disk = filepath.Join(l.dir, "disk")
	return testbed.WriteNoise(l.disk, megabytes)
}

// measure is one round of one server.
func (l *lab) measure(ctx context.Context, s server, p point, d time.Duration) (f testbed.Figure, err error) {
	running, end := context.WithCancel(ctx)
	args := s.command(l)
	c := l.OnServers(running, args[0], args[1:]...)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		end()
		return f, err
	}
	defer func() {
		end()
		ended := c.Wait()
		if err != nil {
			err = fmt.Errorf("%w; the server said %q and ended: %w", err, bytes.TrimSpace(said.Bytes()), ended)
		}
	}()
	client := l.OnClients(ctx, l.Self, "client", strconv.FormatBool(p.write), strconv.FormatBool(p.sequential),
		strconv.Itoa(p.size), strconv.Itoa(p.depth), fmt.Sprint(d.Seconds()), strconv.Itoa(c.Process.Pid))
	var complaint bytes.Buffer
	client.Stderr = &complaint
	out, err := client.Output()
	if err != nil {
		return f, fmt.Errorf("client: %w: %s", err, bytes.TrimSpace(complaint.Bytes()))
	}
	if _, err := fmt.Sscan(string(out), &f.Rate, &f.Server, &f.Resent); err != nil {
		return f, fmt.Errorf("client said %q: %w", out, err)
	}
	return f, nil
}

// serve is our server, until a signal comes.
func serve(ctx context.Context, args []string) error {
	file, err := block.OpenFile(args[0], block.FileOptions{})
	if err != nil {
		return err
	}
	device, err := raw.Open(ctx, file, raw.Options{})
	if err != nil {
		return err
	}
	defer device.Close()
	link, err := aoe.Open(testbed.Device)
	if err != nil {
		return err
	}
	defer link.Close()
	return (&aoe.Server{Targets: []*aoe.Target{{Shelf: 1, Slot: 1, Device: device}}}).Serve(ctx, link)
}
