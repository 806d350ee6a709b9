package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/spurboot/spur/bench/testbed"
	labs "github.com/spurboot/spur/internal/lab"
)

// What `spur boot` is asked for: by so many machines at once, an EFI application
// with an initrd of so many bytes.
const (
	machines   = 16
	initrdSize = 512 << 20
)

// The bound of the memory that Spur may take for that, in bytes, and what of the
// rate of a file there must be at least.
const (
	residentBound = 64_000_000
	rateBound     = 0.9
)

// applications measures what an EFI application that is put together while it is
// served costs beside a file of its size.
func applications(ctx context.Context, l *lab, o options) (err error) {
	s, err := startBoot(ctx, l, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	asked := []asked{s.application, s.initrd}
	series := make([]testbed.Series, len(asked))
	err = testbed.Take(series, max(o.Rounds/3, 3), func(i int) (testbed.Figure, error) {
		rate, err := l.crowd(ctx, s.address, asked[i].path, machines, asked[i].size)
		return testbed.Figure{Rate: rate}, err
	})
	if err != nil {
		return err
	}
	resident, err := mostResident(s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	ratio := series[0].Over(series[1])
	fmt.Printf("`spur boot`, a kernel and an initrd of %d MiB, %d machines at once; %d rounds.\n\n", initrdSize>>20, machines, series[0].Count())
	fmt.Println("| EFI application, MB/s | initrd as a file, MB/s | ratio | quartiles | most resident |")
	fmt.Println("|--:|--:|--:|--:|--:|")
	fmt.Printf("| %.0f | %.0f | %.2f | %s | %.1f MB |\n\n", series[0].Rate(), series[1].Rate(), ratio.Median, ratio.Quartiles(), float64(resident)/1e6)
	fmt.Printf("At least %.1f of a file: %s. Resident under %.0f MB: %s.\n", rateBound, holds(ratio.Median >= rateBound),
		float64(residentBound)/1e6, holds(resident < residentBound))
	return nil
}

func holds(does bool) string {
	if does {
		return "holds"
	}
	return "does not hold"
}

// bootServer is `spur boot`, and what machines ask it for.
type bootServer struct {
	cmd                 *exec.Cmd
	address             string
	application, initrd asked
}

// asked is a file by its path and its size in bytes.
type asked struct {
	path string
	size int
}

func startBoot(ctx context.Context, l *lab, o options) (s *bootServer, err error) {
	spur, err := testbed.Spur(ctx, l.Dir, o.spur)
	if err != nil {
		return nil, err
	}
	kernel, err := labs.Kernel()
	if err != nil {
		return nil, err
	}
	initrd := filepath.Join(l.Dir, "initrd")
	if err := noise(initrd); err != nil {
		return nil, err
	}
	const port = "8003"
	data := filepath.Join(l.Dir, "data")
	s = &bootServer{address: testbed.ServerAddress + ":" + port}
	s.cmd = l.OnServers(ctx, spur, "boot", kernel, initrd, "--http-port", port, "--data", data, "--user", "root", "--log", "json")
	if err := s.start(); err != nil {
		return nil, err
	}
	explain := func(pattern string, machine ...string) (asked, error) {
		args := append([]string{"explain", kernel, initrd, "--data", data, "--server", testbed.ServerAddress, "--http-port", port}, machine...)
		return l.location(ctx, s.address, pattern, spur, args...)
	}
	if s.application, err = explain(`http://\S+/boot\.efi`, "--proto", "http"); err == nil {
		s.initrd, err = explain(`http://\S+/initrd`, "--loader", "ipxe")
	}
	if err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

// noise writes what doesn't compress, as initrds are.
func noise(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.NewChaCha8([32]byte{2}), initrdSize)
	return errors.Join(err, f.Close())
}

// start waits until Spur says that it serves. What it says afterwards is thrown
// away.
func (s *bootServer) start() error {
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var trouble bytes.Buffer
	s.cmd.Stderr = &trouble
	if err := s.cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return errors.Join(fmt.Errorf("spur doesn't serve: %w: %s", err, trouble.Bytes()), s.end())
		}
		if strings.Contains(line, `"step":"ready"`) {
			go func() { _, _ = io.Copy(io.Discard, lines) }() // ends with Spur
			return nil
		}
	}
}

func (s *bootServer) end() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.cmd.Wait()
}

// location finds the URL in what a program prints, and how large is what lies
// there.
func (l *lab) location(ctx context.Context, address, pattern, program string, args ...string) (asked, error) {
	out, err := l.OnServers(ctx, program, args...).CombinedOutput()
	if err != nil {
		return asked{}, fmt.Errorf("%s %s: %w: %s", program, args[0], err, out)
	}
	found := regexp.MustCompile(pattern).Find(out)
	u, err := url.Parse(string(found))
	if found == nil || err != nil {
		return asked{}, fmt.Errorf("%s %s names no %s:\n%s", program, args[0], pattern, out)
	}
	head := l.OnClients(ctx, "curl", "-sS", "--head", "http://"+address+u.EscapedPath(), "-o", os.DevNull, "-w", "%header{content-length}")
	size, err := head.Output()
	if err != nil {
		return asked{}, fmt.Errorf("HEAD of %s: %w", u.Path, err)
	}
	a := asked{path: u.EscapedPath()}
	if _, err := fmt.Sscan(string(size), &a.size); err != nil || a.size < initrdSize {
		return asked{}, fmt.Errorf("%s has %q bytes", u.Path, size)
	}
	return a, nil
}

// mostResident is the most memory that a process has had, in bytes
// (proc_pid_status(5), VmHWM).
func mostResident(pid int) (bytes int, err error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("spur has ended: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &bytes); n == 1 {
			return bytes << 10, nil
		}
	}
	return 0, fmt.Errorf("no VmHWM in %s", path)
}
