package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
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

// server is a program that serves the file.
type server struct {
	name  string
	start func() (*running, error)
}

// running is a server at work.
type running struct {
	*exec.Cmd
	addr string
	end  syscall.Signal
}

// measure is one round of one server.
func (s server) measure(ctx context.Context, p point) (f testbed.Figure, err error) {
	at, err := s.start()
	if err != nil {
		return f, fmt.Errorf("%s: %w", s.name, err)
	}
	defer at.stop()
	before, err := testbed.Busy(at.Process.Pid)
	if err != nil {
		return f, err
	}
	if f, err = p.run(ctx, at.addr); err != nil {
		return f, fmt.Errorf("%s: %w", s.name, err)
	}
	after, err := testbed.Busy(at.Process.Pid)
	f.Server = (after - before) * f.Rate / float64(p.count)
	return f, err
}

func (r *running) stop() {
	_ = r.Process.Signal(r.end)
	timer := time.AfterFunc(5*time.Second, func() { _ = r.Process.Kill() })
	_ = r.Wait()
	timer.Stop()
}

// startSpur starts this program again as our server, which prints its address.
func startSpur(file string) (*running, error) {
	c := exec.Command("/proc/self/exe", "serve", file)
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

// serve is our server, until a signal comes.
func serve(ctx context.Context, args []string) error {
	disk, err := block.OpenFile(args[0], block.FileOptions{})
	if err != nil {
		return err
	}
	device, err := raw.Open(ctx, disk, raw.Options{})
	if err != nil {
		return err
	}
	defer device.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	target := &iscsi.Target{Name: targetName, LUNs: map[uint64]*iscsi.LUN{1: {Device: device}}}
	return (&iscsi.Server{Targets: iscsi.Static(target)}).Serve(ctx, l)
}

// startTgtd starts tgtd with a control socket of its own below dir.
func startTgtd(dir, file string) (*running, error) {
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
	for _, line := range setup(file) {
		if err := tgtadm(env, control, line); err != nil {
			r.stop()
			return nil, fmt.Errorf("%w: %s", err, said.Bytes())
		}
	}
	return r, nil
}

// setup makes the target, which takes and sends PDUs as long as ours does; tgtd's
// own limit is 8 KiB.
func setup(file string) []string {
	lines := []string{
		"--op new --mode target --tid 1 -T " + targetName,
		"--op new --mode logicalunit --tid 1 --lun 1 -b " + file,
		"--op bind --mode target --tid 1 -I ALL",
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
