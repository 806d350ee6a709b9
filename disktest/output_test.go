package disktest

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// unread is a pipe that is full, so that whoever writes to it waits.
func unread(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	size, err := unix.FcntlInt(writer.Fd(), unix.F_SETPIPE_SZ, 4096)
	if err == nil {
		_, err = writer.Write(make([]byte, size))
	}
	if err != nil {
		t.Fatal(err)
	}
	return reader, writer
}

// freePort is an address of the loopback at which nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestNobodyReads has QEMU use a disk while whoever reads the server's messages
// has gone or has stopped, through many sessions that are told of; and then ends
// the server. What becomes of its messages must matter to neither.
func TestNobodyReads(t *testing.T) {
	const sessions = 20000
	for name, gone := range map[string]bool{"reader gone": true, "reader stopped": false} {
		for _, format := range []string{"text", "json"} {
			t.Run(name+", "+format, func(t *testing.T) {
				image, at := filepath.Join(t.TempDir(), "disk.qcow2"), freePort(t)
				if out, err := exec.Command(built.spur, "disk", "create", image, "16M").CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				reader, out := unread(t)
				if gone {
					reader.Close()
				}
				spur := exec.Command(built.spur, "disk", "serve", image, "--over", "nbd", "--listen", at, "--log", format)
				spur.Stdout, spur.Stderr = out, out
				if err := spur.Start(); err != nil {
					t.Fatal(err)
				}
				out.Close()
				ended := make(chan error, 1)
				go func() { ended <- spur.Wait() }()
				defer spur.Process.Kill()

				served := useBy(t, at, ended)
				before := residentOf(t, spur.Process.Pid)
				for range sessions {
					c, err := net.Dial("tcp", at)
					if err != nil {
						t.Fatal(err)
					}
					_, _ = c.Read(make([]byte, 1))
					c.Close()
				}
				again := useBy(t, at, ended)
				grown := residentOf(t, spur.Process.Pid) - before
				begin := time.Now()
				if err := spur.Process.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
				select {
				case err := <-ended:
					if err != nil {
						t.Errorf("the server ended: %v", err)
					}
				case <-time.After(time.Minute):
					t.Fatal("the server goes on a minute after SIGTERM")
				}
				t.Logf("qemu-io was served in %v, after %d sessions in %v; %d KiB more resident; SIGTERM took %v",
					served, sessions, again, grown>>10, time.Since(begin))
				if grown > 64<<20 {
					t.Errorf("messages that nobody reads take %d KiB", grown>>10)
				}
			})
		}
	}
}

// useBy has qemu-io write, flush and read, and says how long it took. It waits
// until the server listens.
func useBy(t *testing.T, at string, ended chan error) time.Duration {
	t.Helper()
	for range 600 {
		select {
		case err := <-ended:
			t.Fatalf("the server ended: %v", err)
		default:
		}
		c, err := net.Dial("tcp", at)
		if err == nil {
			c.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	begin := time.Now()
	cmd := exec.Command("timeout", "60", "qemu-io", "-f", "raw", "-c", "write -P 7 1M 64k", "-c", "flush", "-c", "read -P 7 1M 64k", "nbd://"+at+"/disk.qcow2")
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "failed") {
		t.Fatalf("qemu-io (package qemu-utils): %v: %s", err, out)
	}
	return time.Since(begin)
}

// residentOf is a process's memory, in bytes.
func residentOf(t *testing.T, pid int) int64 {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	var size, resident int64
	if err == nil {
		_, err = fmt.Sscan(string(text), &size, &resident)
	}
	if err != nil {
		t.Fatal(err)
	}
	return resident * int64(os.Getpagesize())
}

// TestHangup: a terminal that is closed ends the server as Ctrl-C does, and what
// was written is there, also in an image of version 2, which has no journal.
func TestHangup(t *testing.T) {
	image, at := filepath.Join(t.TempDir(), "disk.qcow2"), freePort(t)
	if out, err := exec.Command("qemu-img", "create", "-q", "-f", "qcow2", "-o", "compat=0.10", image, "16M").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	// Where the tests run by nohup, what they start would ignore the signal.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	defer signal.Stop(caught)
	spur := exec.Command(built.spur, "disk", "serve", image, "--over", "nbd", "--listen", at)
	if err := spur.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- spur.Wait() }()
	defer spur.Process.Kill()
	useBy(t, at, ended)
	// A cache of QEMU's own may not stand for a flush: this client sends none.
	if out, err := exec.Command("/usr/bin/python3", "-m", "nbd", "-u", "nbd://"+at+"/disk.qcow2", "-c", "h.pwrite(b'9' * 65536, 4 << 20)").CombinedOutput(); err != nil {
		t.Fatalf("nbdsh (package python3-libnbd): %v: %s", err, out)
	}
	if err := spur.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatalf("the server ended: %v", err)
	}
	if out, err := exec.Command("qemu-io", "-r", "-c", "read -P 57 4M 64k", image).CombinedOutput(); err != nil || strings.Contains(string(out), "failed") {
		t.Errorf("what was written is gone: %v: %s", err, out)
	}
}
