package lab

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// netnsDir is where named network namespaces are (ip-netns(8)).
const netnsDir = "/run/netns"

// marker is the environment variable by which a process is known as a lab's.
const marker = "SPUR_LAB"

func labName(pid, n int) string { return fmt.Sprintf("spur-%d-%d", pid, n) }

// pidOf reads the process's number out of a mark, or a name that begins with one.
func pidOf(name string) (mark string, pid int, ok bool) {
	part := strings.SplitN(name, "-", 4)
	if len(part) < 3 || part[0] != "spur" {
		return "", 0, false
	}
	pid, err := strconv.Atoi(part[1])
	n, err2 := strconv.Atoi(part[2])
	if err != nil || err2 != nil || pid <= 0 {
		return "", 0, false
	}
	return labName(pid, n), pid, true
}

// CleanUp removes what labs left behind whose process is gone: their processes,
// namespaces and folders. New does this by itself.
func CleanUp() error {
	marks := map[string]bool{}
	for _, dir := range []string{netnsDir, os.TempDir()} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // no namespace was ever made here
		}
		for _, e := range entries {
			if mark, pid, ok := pidOf(e.Name()); ok && gone(pid) {
				marks[mark] = true
			}
		}
	}
	var errs []error
	for mark := range marks {
		errs = append(errs, cleanUpLab(mark))
	}
	return errors.Join(errs...)
}

func gone(pid int) bool { return errors.Is(unix.Kill(pid, 0), unix.ESRCH) }

func cleanUpLab(mark string) error {
	killMarked(mark)
	var errs []error
	spaces, _ := filepath.Glob(filepath.Join(netnsDir, mark+"-*"))
	for _, path := range spaces {
		errs = append(errs, deleteNamespace(filepath.Base(path)))
	}
	if err := os.RemoveAll(filepath.Join(os.TempDir(), mark)); err != nil {
		errs = append(errs, fmt.Errorf("leftover of a lab: %w", err))
	}
	return errors.Join(errs...)
}

// killMarked ends the processes that carry a lab's mark in their environment.
func killMarked(mark string) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		env, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err == nil && hasMark(env, mark) {
			_ = unix.Kill(pid, syscall.SIGKILL)
		}
	}
}

func hasMark(environ []byte, mark string) bool {
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		if string(entry) == marker+"="+mark {
			return true
		}
	}
	return false
}
