package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spurboot/spur/bench/testbed"
	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/internal/disk"
	"github.com/spurboot/spur/nbd"
)

// point is what fio does.
type point struct {
	name      string
	rw, size  string
	depth     int
	megabytes bool // say bytes, not operations
}

func points() []point {
	var all []point
	for _, p := range []point{
		{name: "4k random read", rw: "randread", size: "4k"},
		{name: "4k random write", rw: "randwrite", size: "4k"},
		{name: "128k sequential read", rw: "read", size: "128k", megabytes: true},
		{name: "128k sequential write", rw: "write", size: "128k", megabytes: true},
	} {
		for _, p.depth = range []int{1, 32} {
			all = append(all, p)
		}
	}
	return all
}

// title is the point's name in the table.
func (p point) title(format string) string {
	return fmt.Sprintf("%s, %s, QD %d", format, p.name, p.depth)
}

// server is a program that serves a file on a socket.
type server struct {
	name    string
	command func(format, file, socket string) *exec.Cmd
}

// servers are Spur first, then its peers.
func servers(format string) []server {
	all := []server{
		{"spur", func(format, file, socket string) *exec.Cmd {
			return exec.Command("/proc/self/exe", "serve", format, file, socket)
		}},
		{"qemu-nbd", func(format, file, socket string) *exec.Cmd {
			return exec.Command("qemu-nbd", "-t", "--cache=writeback", "-f", format, "-k", socket, file)
		}},
	}
	if format == "raw" {
		all = append(all, server{"nbdkit", func(_, file, socket string) *exec.Cmd {
			return exec.Command("nbdkit", "-f", "-U", socket, "file", file)
		}})
	}
	return all
}

// overlay makes the qcow2 image.
func overlay(dir string) error {
	out, err := exec.Command("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", filepath.Join(dir, "base"),
		filepath.Join(dir, "qcow2")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("qemu-img create: %w: %s", err, out)
	}
	return nil
}

// measure is one round of one server.
func (s server) measure(ctx context.Context, dir, format string, p point, d time.Duration) (f testbed.Figure, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", s.name, err)
		}
	}()
	if format == "qcow2" {
		if err := overlay(dir); err != nil {
			return f, err
		}
	}
	socket := filepath.Join(dir, "socket")
	_ = os.Remove(socket)
	c := s.command(format, filepath.Join(dir, format), socket)
	var said bytes.Buffer
	c.Stderr = &said
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		return f, err
	}
	defer func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	}()
	if err := answers(socket); err != nil {
		return f, fmt.Errorf("%w: %s", err, said.Bytes())
	}
	before, err := testbed.Busy(c.Process.Pid)
	if err != nil {
		return f, err
	}
	if f, err = fio(ctx, socket, p, d); err != nil {
		return f, err
	}
	after, err := testbed.Busy(c.Process.Pid)
	f.Server = (after - before) / d.Seconds()
	return f, err
}

func answers(socket string) error {
	for range 500 {
		nc, err := net.Dial("unix", socket)
		if err == nil {
			return nc.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("the server doesn't answer")
}

// fio runs fio and reads its report.
func fio(ctx context.Context, socket string, p point, d time.Duration) (f testbed.Figure, err error) {
	c := exec.CommandContext(ctx, "fio", "--name=x", "--ioengine=nbd", "--uri=nbd+unix:///?socket="+socket, "--rw="+p.rw,
		"--bs="+p.size, "--iodepth="+strconv.Itoa(p.depth), "--time_based", "--runtime="+strconv.FormatInt(d.Milliseconds(), 10)+"ms",
		"--randrepeat=1", "--norandommap", "--output-format=json")
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return f, fmt.Errorf("fio: %w: %s", err, said.Bytes())
	}
	var report struct {
		Jobs []struct {
			Read, Write struct {
				Bytes float64 `json:"bw_bytes"`
			}
			User   float64 `json:"usr_cpu"` // percent
			System float64 `json:"sys_cpu"`
		}
	}
	// Its nbd engine speaks before the report.
	if i := bytes.IndexByte(out, '{'); i >= 0 {
		out = out[i:]
	}
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&report); err != nil || len(report.Jobs) != 1 {
		return f, fmt.Errorf("report of fio: %w", err)
	}
	job := report.Jobs[0]
	return testbed.Figure{Rate: job.Read.Bytes + job.Write.Bytes, Client: (job.User + job.System) / 100}, nil
}

// serve is our server, until a signal comes.
func serve(ctx context.Context, args []string) error {
	device, err := open(ctx, args[0], args[1])
	if err != nil {
		return err
	}
	defer device.Close()
	l, err := net.Listen("unix", args[2])
	if err != nil {
		return err
	}
	return (&nbd.Server{Exports: nbd.Fixed{{Device: device}}}).Serve(ctx, l)
}

// open opens a file as `spur disk serve` does, with the journal of a qcow2
// image.
func open(ctx context.Context, format, file string) (block.Device, error) {
	d, err := disk.Open(ctx, file, disk.Options{Format: disk.Format(format)})
	if err != nil {
		return nil, err
	}
	return d.Device, d.Unsafe
}
