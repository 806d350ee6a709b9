package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/spurboot/spur/bench/testbed"
)

// bootServer is `spur boot`.
type bootServer struct {
	lab     *lab
	cmd     *exec.Cmd
	program string   // the binary
	payload []string // what it boots, and where it keeps its key and serves
	address string
}

// asked is a file by its path and its size in bytes.
type asked struct {
	path string
	size int
}

// startBoot starts `spur boot` with a payload: its arguments and flags.
func startBoot(ctx context.Context, l *lab, o options, payload ...string) (*bootServer, error) {
	spur, err := testbed.Spur(ctx, l.Dir, o.spur)
	if err != nil {
		return nil, err
	}
	const port = "8003"
	s := &bootServer{lab: l, program: spur, address: testbed.ServerAddress + ":" + port}
	s.payload = slices.Concat(payload, []string{"--data", filepath.Join(l.Dir, "data"), "--http-port", port})
	s.cmd = l.OnServers(ctx, spur, append([]string{"boot", "--user", "root", "--log", "json"}, s.payload...)...)
	if err := s.start(); err != nil {
		return nil, err
	}
	return s, nil
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

// location finds the URL in what `spur explain` prints of a machine, and how large is
// what lies there.
func (s *bootServer) location(ctx context.Context, pattern string, machine ...string) (asked, error) {
	args := slices.Concat([]string{"explain", "--server", testbed.ServerAddress}, s.payload, machine)
	out, err := s.lab.OnServers(ctx, s.program, args...).CombinedOutput()
	if err != nil {
		return asked{}, fmt.Errorf("spur explain: %w: %s", err, out)
	}
	found := regexp.MustCompile(pattern).Find(out)
	u, err := url.Parse(string(found))
	if found == nil || err != nil {
		return asked{}, fmt.Errorf("spur explain names no %s:\n%s", pattern, out)
	}
	head := s.lab.OnClients(ctx, "curl", "-sS", "--head", "http://"+s.address+u.EscapedPath(), "-o", os.DevNull, "-w", "%header{content-length}")
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
