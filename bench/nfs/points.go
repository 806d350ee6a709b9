package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os/exec"
	"path"
	"regexp"
	"strconv"

	"github.com/spurboot/spur/bench/testbed"
)

// client is the program that reads many files.
//
//go:embed client.py
var client []byte

// point is what a client does.
type point struct {
	name string
	unit int // bytes that count as one; 0: what is counted is files
	// command is the client, which finds what is mounted at a path of the server.
	command func(ctx context.Context, bed *testbed.Testbed, at string) *exec.Cmd
	// result is what it did, in how many seconds.
	result func(out []byte) (count int, seconds float64, err error)
}

func points(m medium) []point {
	all := []point{
		{"1000 small files", 0, reader(m, "files"), ofReader},
		{"a folder of 1000 files", 0, reader(m, "list"), ofReader},
	}
	for _, reads := range []struct{ size, depth, count int }{{4 << 10, 1, 5000}, {4 << 10, 32, 20000}, {128 << 10, 1, 2000}, {128 << 10, 32, 2000}, {1 << 20, 1, 250}} {
		all = append(all, largeFile(reads.size, reads.depth, reads.count))
	}
	return all
}

func reader(m medium, what string) func(context.Context, *testbed.Testbed, string) *exec.Cmd {
	return func(ctx context.Context, bed *testbed.Testbed, at string) *exec.Cmd {
		return bed.OnClients(ctx, "python3", m.client, what, testbed.ServerAddress, path.Join(at, "small"))
	}
}

func ofReader(out []byte) (count int, seconds float64, err error) {
	_, err = fmt.Sscan(string(out), &seconds, &count)
	return count, seconds, err
}

// step is how far apart scattered reads are, in bytes: so that each 4 KiB of the file
// has its turn, and none is near the one before.
const step = 1<<20 + 76<<10

// largeFile is reads of the large file by QEMU, of which so many are under way: those
// of 4 KiB are scattered.
func largeFile(size, depth, count int) point {
	args := []string{"bench", "-f", "raw", "-t", "none", "-s", strconv.Itoa(size), "-d", strconv.Itoa(depth), "-c", strconv.Itoa(count)}
	name := fmt.Sprintf("%dk sequential read, QD %d", size>>10, depth)
	if size == 4<<10 {
		args = append(args, "-S", strconv.Itoa(step))
		name = fmt.Sprintf("4k scattered read, QD %d", depth)
	}
	return point{
		name: name, unit: size,
		command: func(ctx context.Context, bed *testbed.Testbed, at string) *exec.Cmd {
			return bed.OnClients(ctx, "qemu-img", append(args, "nfs://"+testbed.ServerAddress+path.Join(at, "large"))...)
		},
		result: func(out []byte) (int, float64, error) {
			seconds, err := ofQEMU(out)
			return count, seconds, err
		},
	}
}

// took is in what qemu-img bench says at its end.
var took = regexp.MustCompile(`Run completed in ([0-9.]+) seconds`)

func ofQEMU(out []byte) (seconds float64, err error) {
	said := took.FindSubmatch(out)
	if said == nil {
		return 0, fmt.Errorf("qemu-img said %q", out)
	}
	return strconv.ParseFloat(string(said[1]), 64)
}

// run is one client.
func (p point) run(ctx context.Context, bed *testbed.Testbed, at string) (f testbed.Figure, seconds float64, err error) {
	c := p.command(ctx, bed, at)
	out, err := c.CombinedOutput()
	if err != nil {
		return f, 0, fmt.Errorf("%s: %w: %s", c.Args[len(c.Args)-1], err, bytes.TrimSpace(out))
	}
	count, seconds, err := p.result(out)
	used := c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	return testbed.Figure{Rate: float64(count) / seconds, Client: used.Seconds() / seconds}, seconds, err
}
