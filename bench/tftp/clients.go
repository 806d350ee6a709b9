package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"time"

	"github.com/spurboot/spur/bench/testbed"
)

// maxDuration is the longest that one measurement may take.
const maxDuration = 2 * time.Minute

// fetch has the clients of a point get their files.
func fetch(ctx context.Context, l *lab, s *server, p point) (testbed.Figure, error) {
	ctx, cancel := context.WithTimeout(ctx, maxDuration)
	defer cancel()
	if p.clients == 1 {
		began := time.Now()
		_, err := output(atftp(ctx, l, s, p))
		return testbed.Figure{Rate: float64(p.bytes()) / time.Since(began).Seconds()}, err
	}
	before, err := s.busy()
	if err != nil {
		return testbed.Figure{}, err
	}
	out, err := output(manyClients(ctx, l, s, p))
	if err != nil {
		return testbed.Figure{}, err
	}
	after, err := s.busy()
	var took, clients float64 // seconds, of the clock and of cores
	if _, err := fmt.Sscan(out, &took, &clients); err != nil {
		return testbed.Figure{}, fmt.Errorf("the clients printed %q: %w", out, err)
	}
	return testbed.Figure{Rate: float64(p.bytes()) / took, Client: clients / took, Server: (after - before) / took}, err
}

func atftp(ctx context.Context, l *lab, s *server, p point) *exec.Cmd {
	args := []string{"--get", "--remote-file", fileOf(p.size), "--local-file", "/dev/null", "--option", "blksize " + strconv.Itoa(p.block)}
	if p.window > 1 {
		args = append(args, "--option", "windowsize "+strconv.Itoa(p.window))
	}
	return l.OnClients(ctx, "atftp", append(args, testbed.ServerAddress, s.port)...)
}

func manyClients(ctx context.Context, l *lab, s *server, p point) *exec.Cmd {
	return l.OnClients(ctx, l.Self, "load", net.JoinHostPort(testbed.ServerAddress, s.port), fileOf(p.size),
		strconv.Itoa(p.size), strconv.Itoa(p.clients), strconv.Itoa(p.block), strconv.Itoa(p.window))
}

func output(c *exec.Cmd) (string, error) {
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, bytes.TrimSpace(errs.Bytes()))
	}
	return out.String(), nil
}
