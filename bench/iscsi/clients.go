package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/block/raw"
	"github.com/spurboot/spur/iscsi"
)

// manySessions is how many machines each have a session, and an overlay of their own
// over the same base.
const manySessions = 500

// measureCrowd returns what each of them adds to the resident memory of the
// server, in bytes, after it has read and written.
func measureCrowd(ctx context.Context, dir string) (int64, error) {
	few, err := residentWith(ctx, dir, 1)
	if err != nil {
		return 0, err
	}
	many, err := residentWith(ctx, dir, 1+manySessions)
	return (many - few) / manySessions, err
}

func residentWith(ctx context.Context, dir string, machines int) (int64, error) {
	at, err := startSelf("sessions", dir, strconv.Itoa(machines))
	if err != nil {
		return 0, err
	}
	defer at.stop()
	for n := range machines {
		i, err := login(at.addr, machine(n))
		if err != nil {
			return 0, err
		}
		defer i.close()
		for _, p := range []point{
			{size: 64 << 10, depth: 1, write: true, sequential: true},
			{size: 128 << 10, depth: 4},
		} {
			if _, err := i.run(ctx, p, 2*time.Millisecond); err != nil {
				return 0, err
			}
		}
	}
	return resident(at.Process.Pid)
}

func machine(n int) string { return fmt.Sprintf("%s:%d", targetName, n) }

// resident is VmRSS, in bytes.
func resident(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, fmt.Errorf("the server has ended: %w", err)
	}
	pages, err := strconv.ParseInt(string(bytes.Fields(b)[1]), 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// serveCrowd is our server, with overlays of a base in dir.
func serveCrowd(dir, machines string) error {
	count, err := strconv.Atoi(machines)
	if err != nil {
		return err
	}
	file, err := block.OpenFile(filepath.Join(dir, "disk"), block.FileOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	base, err := raw.Open(context.Background(), file, raw.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	targets := make([]*iscsi.Target, count)
	for n := range targets {
		overlay, err := openOverlay(filepath.Join(dir, fmt.Sprintf("overlay%d", n)), base)
		if err != nil {
			return err
		}
		targets[n] = &iscsi.Target{Name: machine(n), LUNs: map[uint64]*iscsi.LUN{1: {Device: overlay}}}
	}
	return run(iscsi.Static(targets...))
}

func openOverlay(name string, base block.Device) (block.Device, error) {
	f, err := block.OpenFile(name, block.FileOptions{Create: true})
	if err != nil {
		return nil, err
	}
	if err := qcow2.Create(f, qcow2.CreateOptions{Size: base.Size(), BackingName: "disk", BackingFormat: "raw"}); err != nil {
		return nil, err
	}
	d, err := qcow2.Open(context.Background(), f, qcow2.Options{Backing: base})
	if err != nil {
		return nil, err
	}
	return d, nil
}
