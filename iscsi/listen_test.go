package iscsi

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
)

// unusedAddress is one of the loopback network that nobody listens on.
func unusedAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestListenAndServe: a disk is served until the context ends; what can't be
// served, or not there, is an error at once.
func TestListenAndServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := ListenAndServe(t.Context(), l.Addr().String(), testTarget, newMemory(1<<20)); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("listening where another one does: %v", err)
	}
	if err := ListenAndServe(t.Context(), unusedAddress(t), testTarget, block.NewMemory(1000)); err == nil {
		t.Error("a disk that ends within a block is served")
	}
	ctx, stop := context.WithCancel(t.Context())
	address, ended := unusedAddress(t), make(chan error)
	go func() { ended <- ListenAndServe(ctx, address, testTarget, newMemory(1<<20)) }()
	if s := dialPatiently(t, address).login(loginOptions{}); s != LoginSuccess {
		t.Error(s)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// dialPatiently is dial that waits until somebody listens.
func dialPatiently(t *testing.T, address string) *probe {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if nc, err := net.Dial("tcp", address); err == nil {
			nc.Close()
			return dial(t, address)
		}
	}
	t.Fatal("nobody listens on " + address)
	return nil
}

// TestPackagePage: the program on the package's page, of fifteen lines beside its
// imports, serves a file.
func TestPackagePage(t *testing.T) {
	page, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	program := regexp.MustCompile(`(?s)//\t(package main\n.*?//\t}\n)//\n`).FindSubmatch(page)
	if program == nil {
		t.Fatal("there is no program")
	}
	source := regexp.MustCompile(`(?m)^//\t?`).ReplaceAllString(string(program[1]), "")
	if n := strings.Count(source, "\n") - strings.Count(source, "\n\n"); n > 16 {
		t.Errorf("it has %d lines", n)
	}
	address := unusedAddress(t)
	dir := t.TempDir()
	name, binary, disk := filepath.Join(dir, "main.go"), filepath.Join(dir, "main"), filepath.Join(dir, "disk.img")
	for name, data := range map[string]string{name: strings.Replace(source, ":3260", address, 1), disk: strings.Repeat("disk", 1<<18)} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := tool(t, "golang", "go", "build", "-o", binary, name); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	server := exec.CommandContext(t.Context(), binary)
	server.Dir = dir
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { server.Process.Kill(); server.Wait() }()
	p := dialPatiently(t, address)
	p.login(loginOptions{target: "iqn.2026-11.com.example:disk1"})
	if a := p.exchange(reads, rw10(0x28, 0, 1), 512, nil); string(a.data[:4]) != "disk" {
		t.Errorf("%x %q", a.header, a.data)
	}
}
