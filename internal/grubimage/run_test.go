package grubimage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// script is a program that stands in for grub-mkimage.
func script(t *testing.T, text string) string {
	t.Helper()
	tool := filepath.Join(t.TempDir(), "grub-mkimage")
	if err := os.WriteFile(tool, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return tool
}

// runs tells whether a process runs; one that is dead and that nobody has waited for
// doesn't.
func runs(pid string) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(pid), "stat"))
	_, state, ok := strings.Cut(string(stat), ") ")
	return err == nil && ok && !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

// An interrupt ends grub-mkimage and what it has started, and is the error.
func TestMakeInterrupted(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	tool := script(t, fmt.Sprintf("sleep 600 & echo $! >%[1]s.new; mv %[1]s.new %[1]s; wait", started))
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	made := make(chan error, 1)
	go func() {
		_, err := Targets()[0].Make(ctx, tool, "modules", t.TempDir())
		made <- err
	}()
	eventually(t, "it doesn't run", func() bool { _, err := os.Stat(started); return err == nil })
	cancel(interrupted)
	if err := <-made; !errors.Is(err, interrupted) || strings.Contains(err.Error(), "killed") {
		t.Errorf("its error is %v", err)
	}
	pid, err := os.ReadFile(started)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "what it started runs on", func() bool { return !runs(string(pid)) })
}

// What grub-mkimage leaves behind is waited for no longer than a moment, and ends.
func TestMakeLeavesBehind(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	tool := script(t, fmt.Sprintf("sleep 600 & echo $! >%s", started))
	if _, err := Targets()[0].Make(t.Context(), tool, "modules", t.TempDir()); err == nil {
		t.Error("it has no error")
	}
	pid, err := os.ReadFile(started)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "what it left behind runs on", func() bool { return !runs(string(pid)) })
}
