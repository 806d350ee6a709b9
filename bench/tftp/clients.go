package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// patience is the longest that one measurement may take.
const patience = 2 * time.Minute

// fetch has the clients of a point get their files and returns how long it took.
func fetch(ctx context.Context, l *lab, s *server, p point) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if p.clients == 1 {
		return timed(ctx, atftp(l, s, p))
	}
	return timed(ctx, command(l.clients, l.self, "load", net.JoinHostPort(serverAddress, s.port), p.file,
		strconv.Itoa(p.clients), strconv.Itoa(p.block), strconv.Itoa(p.window)))
}

func atftp(l *lab, s *server, p point) *exec.Cmd {
	args := []string{"--get", "--remote-file", p.file, "--local-file", "/dev/null", "--option", "blksize " + strconv.Itoa(p.block)}
	if p.window > 1 {
		args = append(args, "--option", "windowsize "+strconv.Itoa(p.window))
	}
	return command(l.clients, "atftp", append(args, serverAddress, s.port)...)
}

func timed(ctx context.Context, c *exec.Cmd) (time.Duration, error) {
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if err := c.Start(); err != nil {
		return 0, err
	}
	err := wait(ctx, c)
	took := time.Since(began)
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, bytes.TrimSpace(out.Bytes()))
	}
	return took, nil
}

// wait waits for a process and kills it when ctx ends first.
func wait(ctx context.Context, c *exec.Cmd) error {
	stop := context.AfterFunc(ctx, func() { _ = c.Process.Kill() })
	defer stop()
	err := c.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
