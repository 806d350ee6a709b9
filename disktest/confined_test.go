package disktest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A Spur that root started serves a disk of root's as an ordinary user who can
// open no file, and leaves no journal when it ends.
func TestConfined(t *testing.T) {
	for _, over := range []struct{ protocol, where, uri string }{
		{"nbd", "--listen=10.77.0.1:10809", "nbd://10.77.0.1/disk.qcow2"},
		{"iscsi", "--listen=10.77.0.1:3260", ""},
		{"aoe", "--interface=eth0", ""},
		{"http", "--listen=10.77.0.1:8080", ""},
	} {
		t.Run(over.protocol, func(t *testing.T) {
			w := newWorld(t)
			dir := t.TempDir()
			image := filepath.Join(dir, "disk.qcow2")
			w.run(built.spur, "disk", "create", image, "16M")
			w.check(os.Chmod(image, 0o600))
			args := []string{"disk", "serve", image, "--over", over.protocol, over.where}
			spur, err := w.host.Start(built.spur, args...)
			w.check(err)
			_, err = spur.WaitFor(w.ctx, `disk.qcow2 \(qcow2`)
			w.check(err)
			hasNothing(t, spur.PID())
			opensNothing(t, spur.PID(), image, "/etc/shadow", "/etc/passwd", built.spur)
			if over.protocol == "http" {
				out, err := w.host.Command(w.ctx, "curl", "-sI", "http://10.77.0.1:8080/disk.qcow2").CombinedOutput()
				if err != nil || !strings.Contains(strings.ToLower(string(out)), "\netag:") {
					t.Errorf("no ETag: %v\n%s", err, out)
				}
			}
			if over.uri != "" {
				out, err := w.host.Command(w.ctx, "qemu-io", "-f", "raw", over.uri, "-c", "write -P 7 1M 64k", "-c", "flush").CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			}
			w.check(spur.Stop())
			if left, _ := filepath.Glob(image + ".*"); len(left) > 0 {
				t.Errorf("it left %v\n%s", left, spur)
			}
			w.run("qemu-img", "check", image)
			if over.uri != "" {
				w.run("qemu-io", "-r", "-c", "read -P 7 1M 64k", image)
			}
		})
	}
}

// hasNothing checks that no thread of a process has a privilege that serving
// does not take; CAP_DAC_OVERRIDE (2) is for a journal in a folder of root's.
func hasNothing(t *testing.T, pid int) {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(threads) == 0 {
		t.Fatal("no threads", err)
	}
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`Uid:\t65534\t65534\t65534\t65534`, `Gid:\t65534\t`, `Groups:\t \n`, `NoNewPrivs:\t1`, `CapPrm:\t000000000000000[02]\n`, `CapBnd:\t0{16}\n`} {
			if !regexp.MustCompile(want).Match(text) {
				t.Errorf("no %s in\n%s", want, text)
			}
		}
	}
}

func opensNothing(t *testing.T, pid int, files ...string) {
	t.Helper()
	out, err := exec.Command(built.within, append([]string{strconv.Itoa(pid)}, files...)...).CombinedOutput()
	if err != nil || string(out) != strings.Repeat("permission denied\n", len(files)) {
		t.Errorf("Spur opens %v: %v\n%s", files, err, out)
	}
}
