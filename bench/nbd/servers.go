package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/block/raw"
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
	return []point{
		{"4k random read, one at a time", "randread", "4k", 1, false},
		{"4k random read, 32 in flight", "randread", "4k", 32, false},
		{"4k random write, one at a time", "randwrite", "4k", 1, false},
		{"4k random write, 32 in flight", "randwrite", "4k", 32, false},
		{"128k read, 32 in flight", "read", "128k", 32, true},
		{"128k write, 32 in flight", "write", "128k", 32, true},
	}
}

// server is a program that serves a file on a socket.
type server struct {
	name    string
	command func(format, file, socket string) *exec.Cmd
}

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

// makeDisks makes a raw disk full of noise, which is also the base of a qcow2
// image that each server gets anew.
func makeDisks(dir string, mib int) error {
	for _, name := range []string{"raw", "base"} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		_, err = io.CopyN(f, rand.Reader, int64(mib)<<20)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
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

// measure is one round of one server, in bytes per second.
func (s server) measure(ctx context.Context, dir, format string, p point, seconds int) (float64, error) {
	if format == "qcow2" {
		if err := overlay(dir); err != nil {
			return 0, err
		}
	}
	socket := filepath.Join(dir, "socket")
	_ = os.Remove(socket)
	c := s.command(format, filepath.Join(dir, format), socket)
	var said bytes.Buffer
	c.Stderr = &said
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	}()
	if err := answers(socket); err != nil {
		return 0, fmt.Errorf("%w: %s", err, said.Bytes())
	}
	return fio(ctx, socket, p, seconds)
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

// fio runs fio and reads the bandwidth from its report.
func fio(ctx context.Context, socket string, p point, seconds int) (float64, error) {
	c := exec.CommandContext(ctx, "fio", "--name=x", "--ioengine=nbd", "--uri=nbd+unix:///?socket="+socket, "--rw="+p.rw,
		"--bs="+p.size, "--iodepth="+strconv.Itoa(p.depth), "--time_based", "--runtime="+strconv.Itoa(seconds),
		"--randrepeat=1", "--norandommap", "--output-format=json")
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return 0, fmt.Errorf("fio: %w: %s", err, said.Bytes())
	}
	var report struct {
		Jobs []struct {
			Read, Write struct {
				Bytes float64 `json:"bw_bytes"`
			}
		}
	}
	// Its nbd engine speaks before the report.
	if i := bytes.IndexByte(out, '{'); i >= 0 {
		out = out[i:]
	}
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&report); err != nil || len(report.Jobs) != 1 {
		return 0, fmt.Errorf("report of fio: %w", err)
	}
	return report.Jobs[0].Read.Bytes + report.Jobs[0].Write.Bytes, nil
}

// serve is our server, until a signal comes.
func serve(format, file, socket string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	device, err := open(ctx, format, file)
	if err != nil {
		return err
	}
	defer device.Close()
	l, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	return (&nbd.Server{Exports: nbd.Fixed{{Device: device}}}).Serve(ctx, l)
}

func open(ctx context.Context, format, file string) (block.Device, error) {
	if format == "raw" {
		return raw.Open(file, raw.Options{})
	}
	base, err := raw.Open(filepath.Join(filepath.Dir(file), "base"), raw.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	f, err := block.OpenFile(file, block.FileOptions{})
	if err != nil {
		return nil, err
	}
	return qcow2.Open(ctx, f, qcow2.Options{Backing: base})
}
