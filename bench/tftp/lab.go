package main

import (
	"bytes"
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
	oneFile       = "one"
	manyFile      = "many"
)

// A lab is two network namespaces joined by a veth pair, and a folder of
// files to serve.
type lab struct {
	servers, clients string // names of the namespaces
	dir              string
	self             string // this program
}

func newLab(o options) (*lab, error) {
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("network namespaces need root: run this as root")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	l := &lab{
		servers: fmt.Sprintf("spurtftp%ds", os.Getpid()),
		clients: fmt.Sprintf("spurtftp%dc", os.Getpid()),
		self:    self,
	}
	if err := l.build(o); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *lab) build(o options) error {
	if err := l.files(o); err != nil {
		return err
	}
	for _, line := range []string{
		"netns add " + l.servers,
		"netns add " + l.clients,
		"-n " + l.servers + " link add veth0 type veth peer name veth0 netns " + l.clients,
		"-n " + l.servers + " address add " + serverAddress + "/24 dev veth0",
		"-n " + l.clients + " address add " + clientAddress + "/24 dev veth0",
		"-n " + l.servers + " link set lo up",
		"-n " + l.clients + " link set lo up",
		"-n " + l.servers + " link set veth0 up",
		"-n " + l.clients + " link set veth0 up",
	} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", line, err, bytes.TrimSpace(out))
		}
	}
	return nil
}

// files writes the files to serve; they stay in the page cache.
func (l *lab) files(o options) error {
	var err error
	if l.dir, err = os.MkdirTemp("", "spur-bench-tftp"); err != nil {
		return err
	}
	if err := os.Chmod(l.dir, 0o755); err != nil {
		return err
	}
	random := rand.NewChaCha8([32]byte{1})
	for name, size := range map[string]int{oneFile: o.size << 20, manyFile: o.share << 20} {
		b := make([]byte, size)
		_, _ = random.Read(b)
		if err := os.WriteFile(filepath.Join(l.dir, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) close() {
	for _, ns := range []string{l.servers, l.clients} {
		_ = exec.Command("ip", "netns", "delete", ns).Run()
	}
	_ = os.RemoveAll(l.dir)
}

// command runs a program in a namespace.
func command(ns string, program string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", ns, program}, args...)...)
}
