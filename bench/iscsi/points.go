package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/spurboot/spur/bench/testbed"
)

// point is what the client asks.
type point struct {
	what       string
	write      bool
	size       int // of a command, in bytes
	depth      int
	sequential bool
	perf       bool // asked by iscsi-perf
}

func (p point) name() string {
	by := ""
	if p.perf {
		by = ", iscsi-perf"
	}
	return fmt.Sprintf("%s, QD %d%s", p.what, p.depth, by)
}

func points() []point {
	var all []point
	for _, p := range []point{
		{what: "4k random read", size: 4 << 10},
		{what: "4k random read", size: 4 << 10, perf: true},
		{what: "4k random write", size: 4 << 10, write: true},
		{what: "128k sequential read", size: 128 << 10, sequential: true},
		{what: "128k sequential read", size: 128 << 10, sequential: true, perf: true},
		{what: "128k sequential write", size: 128 << 10, sequential: true, write: true},
	} {
		for _, p.depth = range []int{1, 32} {
			all = append(all, p)
		}
	}
	return all
}

// run asks a server at an address for a while.
func (p point) run(ctx context.Context, addr string, d time.Duration) (testbed.Figure, error) {
	if p.perf {
		return p.runPerf(ctx, addr, d)
	}
	i, err := login(addr, targetName)
	if err != nil {
		return testbed.Figure{}, err
	}
	defer i.close()
	return i.run(ctx, p, d)
}

// iops is in the last line of a run of iscsi-perf.
var iops = regexp.MustCompile(`iops average (\d+)`)

// runPerf has iscsi-perf ask.
func (p point) runPerf(ctx context.Context, addr string, d time.Duration) (testbed.Figure, error) {
	d = wholeSeconds(d)
	args := []string{"-m", strconv.Itoa(p.depth), "-b", strconv.Itoa(p.size / 512), "-t", strconv.Itoa(int(d / time.Second))}
	if !p.sequential {
		args = append(args, "-r")
	}
	c := exec.CommandContext(ctx, "iscsi-perf", append(args, "iscsi://"+addr+"/"+targetName+"/1")...)
	out, err := c.CombinedOutput()
	all := iops.FindAllSubmatch(out, -1)
	if err != nil || len(all) == 0 {
		return testbed.Figure{}, fmt.Errorf("iscsi-perf: %w: %s", err, bytes.TrimSpace(out))
	}
	rate, err := strconv.ParseFloat(string(all[len(all)-1][1]), 64)
	return testbed.Figure{Rate: rate, Client: used(c.ProcessState.SysUsage()) / d.Seconds()}, err
}

// wholeSeconds is the shortest time that iscsi-perf takes and that is no shorter.
func wholeSeconds(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

// used is the time of cores, in seconds.
func used(usage any) float64 {
	u, ok := usage.(*syscall.Rusage)
	if !ok {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
