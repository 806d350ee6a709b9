package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spurboot/spur/bench/testbed"
	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/raw"
	"github.com/spurboot/spur/iscsi"
)

// targetName is everybody's. LUN 1 is the disk: tgtd keeps 0 for itself.
const targetName = "iqn.2026-11.example.spur:bench"

// server is a program that serves a file.
type server struct {
	name  string
	start func(file string) (*running, error)
}

// running is a server at work.
type running struct {
	*exec.Cmd
	addr string
	end  syscall.Signal
}

// servers are Spur, its peer and the baseline, in this order.
func servers(dir string, o options) []server {
	return []server{
		{"spur", startSpur},
		{"tgtd", func(file string) (*running, error) { return startTgtd(dir, file, o.untuned) }},
		{"baseline", func(string) (*running, error) { return startSelf("baseline") }},
	}
}

// makeDisk makes a file full of noise.
func makeDisk(dir string, mib int) (string, error) {
	f, err := os.Create(filepath.Join(dir, "disk"))
	if err != nil {
		return "", err
	}
	_, err = io.CopyN(f, rand.Reader, int64(mib)<<20)
	return f.Name(), errors.Join(err, f.Close())
}

// measure is one round of one server.
func (s server) measure(ctx context.Context, file string, p point, d time.Duration) (f testbed.Figure, err error) {
	at, err := s.start(file)
	if err != nil {
		return f, err
	}
	defer at.stop()
	before, err := testbed.Busy(at.Process.Pid)
	if err != nil {
		return f, err
	}
	began := time.Now()
	if f, err = p.run(ctx, at.addr, d); err != nil {
		return f, err
	}
	took := time.Since(began)
	after, err := testbed.Busy(at.Process.Pid)
	f.Server = (after - before) / took.Seconds()
	return f, err
}

func (r *running) stop() {
	_ = r.Process.Signal(r.end)
	timer := time.AfterFunc(5*time.Second, func() { _ = r.Process.Kill() })
	_ = r.Wait()
	timer.Stop()
}

// startSelf starts this program in another role, which prints its address.
func startSelf(args ...string) (*running, error) {
	c := exec.Command("/proc/self/exe", args...)
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	addr, err := bufio.NewReader(io.LimitReader(out, 64)).ReadString('\n')
	r := &running{c, strings.TrimSpace(addr), syscall.SIGTERM}
	if err != nil {
		r.stop()
		return nil, fmt.Errorf("the server doesn't start: %w", err)
	}
	return r, nil
}

func startSpur(file string) (*running, error) { return startSelf("serve", file) }

// serve is our server, until a signal comes.
func serve(file string) error {
	disk, err := block.OpenFile(file, block.FileOptions{})
	if err != nil {
		return err
	}
	device, err := raw.Open(context.Background(), disk, raw.Options{})
	if err != nil {
		return err
	}
	defer device.Close()
	return run(iscsi.Static(&iscsi.Target{Name: targetName, LUNs: map[uint64]*iscsi.LUN{1: {Device: device}}}))
}

// run serves targets and prints the address.
func run(targets iscsi.Targets) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return (&iscsi.Server{Targets: targets}).Serve(ctx, l)
}

// startTgtd starts tgtd with a control socket of its own below dir.
func startTgtd(dir, file string, untuned bool) (*running, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	addr := net.JoinHostPort("127.0.0.1", port)
	control := strconv.Itoa(1 + os.Getpid()%32000) // tgtd takes up to 32767
	env := append(os.Environ(), "TGT_IPC_SOCKET="+filepath.Join(dir, "tgtd"))
	var said bytes.Buffer
	c := exec.Command("tgtd", "-f", "-C", control, "--iscsi", "portal="+addr)
	c.Env, c.Stderr = env, &said
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("%w; it is in the package tgt", err)
	}
	r := &running{c, addr, syscall.SIGKILL} // it heeds no other while it has a target
	for _, line := range setup(file, untuned) {
		if err := tgtadm(env, control, line); err != nil {
			r.stop()
			return nil, fmt.Errorf("%w: %s", err, said.Bytes())
		}
	}
	return r, nil
}

// setup makes the target. Unless tgtd is left as it comes, it takes and sends
// PDUs as long as ours does, where its own limit is 8 KiB.
func setup(file string, untuned bool) []string {
	lines := []string{
		"--op new --mode target --tid 1 -T " + targetName,
		"--op new --mode logicalunit --tid 1 --lun 1 -b " + file,
		"--op bind --mode target --tid 1 -I ALL",
	}
	if untuned {
		return lines
	}
	for _, limit := range []string{
		"MaxRecvDataSegmentLength -v 262144", "MaxXmitDataSegmentLength -v 262144", "FirstBurstLength -v 131072",
		"MaxBurstLength -v 1048576", "InitialR2T -v No", "ImmediateData -v Yes",
	} {
		lines = append(lines, "--op update --mode target --tid 1 -n "+limit)
	}
	return lines
}

// tgtadm gives tgtd an order, once it listens.
func tgtadm(env []string, control, line string) error {
	var out []byte
	var err error
	for range 200 {
		c := exec.Command("tgtadm", append([]string{"-C", control, "--lld", "iscsi"}, strings.Fields(line)...)...)
		c.Env = env
		if out, err = c.CombinedOutput(); err == nil {
			return nil
		}
		if !bytes.Contains(out, []byte("connect")) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("tgtadm %s: %w: %s", line, err, bytes.TrimSpace(out))
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
