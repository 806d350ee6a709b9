package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	serverAddress = "192.0.2.1" // TEST-NET-1: nobody's
	clientAddress = "192.0.2.2"
	fileName      = "disk.img"
)

// A lab is two network namespaces joined by a veth pair, and a folder with the
// file to serve.
type lab struct {
	servers, clients string // names of the namespaces
	dir              string
	self             string // this program
}

func newLab(o options) (*lab, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("network namespaces need root: run this as root")
	}
	for tool, pkg := range map[string]string{"ip": "iproute2", "curl": "curl", "nginx": "nginx-light"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%s is missing: install the package %s", tool, pkg)
		}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	l := &lab{
		servers: fmt.Sprintf("spurhttp%ds", os.Getpid()),
		clients: fmt.Sprintf("spurhttp%dc", os.Getpid()),
		self:    self,
	}
	if err := errors.Join(l.files(o), l.network()); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *lab) network() error {
	for _, line := range []string{
		"netns add " + l.servers,
		"netns add " + l.clients,
		"-n " + l.servers + " link add veth0 type veth peer name veth0 netns " + l.clients,
		"-n " + l.servers + " address add " + serverAddress + "/24 dev veth0",
		"-n " + l.clients + " address add " + clientAddress + "/24 dev veth0",
		"-n " + l.servers + " link set lo up",
		"-n " + l.servers + " link set veth0 up",
		"-n " + l.clients + " link set veth0 up",
	} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", line, err, bytes.TrimSpace(out))
		}
	}
	return nil
}

// files writes the file to serve; it stays in the page cache.
func (l *lab) files(o options) error {
	var err error
	if l.dir, err = os.MkdirTemp("", "spur-bench-http"); err != nil {
		return err
	}
	if err := os.Chmod(l.dir, 0o755); err != nil {
		return err
	}
	b := make([]byte, o.size*1000*1000)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return os.WriteFile(filepath.Join(l.dir, fileName), b, 0o644)
}

func (l *lab) close() {
	for _, ns := range []string{l.servers, l.clients} {
		_ = exec.Command("ip", "netns", "delete", ns).Run()
	}
	_ = os.RemoveAll(l.dir)
}

// rate lets clients fetch the file once each, and returns MB/s over all.
func (l *lab) rate(ctx context.Context, s *server, clients int, o options) (float64, error) {
	total := clients * o.size * 1000 * 1000
	args := []string{l.self, "load", s.address, fmt.Sprint(clients)}
	if clients == 1 {
		args = []string{"curl", "-sS", "-o", os.DevNull, "-w", "%{time_total} %{size_download}", "http://" + s.address + "/" + fileName}
	}
	cmd := inNamespace(ctx, l.clients, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, err
	}
	var seconds float64
	var got int
	if _, err := fmt.Sscan(string(out), &seconds, &got); err != nil {
		return 0, fmt.Errorf("the client printed %q: %w", out, err)
	}
	if got != total {
		return 0, fmt.Errorf("%d of %d bytes came", got, total)
	}
	return float64(total) / 1e6 / seconds, nil
}

// inNamespace is a program in a namespace; ip replaces itself by it, so that a
// signal reaches it.
func inNamespace(ctx context.Context, ns string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", ns}, args...)...)
}
