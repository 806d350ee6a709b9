package disktest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// mostResident is how much memory, in MiB, a server has at most, whatever one
// address asks of it: its half of 256 for requests, as much again until it is
// collected, and what connections take besides.
const mostResident = 400

// served is a spur that serves a disk of 64 MiB over a protocol.
func served(t *testing.T, args ...string) (pid int, addr string) {
	t.Helper()
	image := filepath.Join(t.TempDir(), "disk")
	noise := make([]byte, 64<<20)
	for i := range noise {
		noise[i] = byte(i >> 9)
	}
	if err := os.WriteFile(image, noise, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	l.Close()
	cmd := exec.Command(built.spur, append([]string{"disk", "serve", image, "--listen", addr}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil {
		t.Fatalf("spur didn't start: %s", line)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }() // ends with the process
	return cmd.Process.Pid, addr
}

// resident is the memory of a process in MiB.
func resident(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib >> 10
}

// worst watches the memory of a process for a while and returns the most that it
// had.
func worst(t *testing.T, pid int, long time.Duration) (most int) {
	t.Helper()
	for end := time.Now().Add(long); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		most = max(most, resident(t, pid))
	}
	return most
}

// greedyNBD connects, and asks for what ask appends, with replies in the simple
// form.
func greedyNBD(t *testing.T, addr string, ask []byte) {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return
	}
	t.Cleanup(func() { nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(5 * time.Second))
	b := append([]byte{0, 0, 0, 3}, "IHAVEOPT\x00\x00\x00\x01\x00\x00\x00\x04disk"...)
	_, _ = nc.Write(append(b, ask...)) // more than is taken may be sent
}

func nbdRequest(command uint16, length uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, 0x25609513)
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint16(b, command)
	b = binary.BigEndian.AppendUint64(b, 7)
	b = binary.BigEndian.AppendUint64(b, 0)
	return binary.BigEndian.AppendUint32(b, length)
}

// honestNBD is libnbd on another address, which reads and writes.
const honestNBD = `
import nbd, socket, sys
s = socket.socket(); s.bind(("127.0.0.2", 0)); s.connect(("127.0.0.1", int(sys.argv[1])))
h = nbd.NBD(); h.set_export_name("disk"); h.connect_socket(s.detach())
for i in range(16):
    n = 1 << (12 + i // 2)
    h.pwrite(bytes([i]) * n, i << 20)
    assert h.pread(n, i << 20) == bytes([i]) * n
h.flush(); h.shutdown()
`

// TestMemoryNBD: clients that owe the last byte of a write, and that take no
// replies, get no more memory than there is for their address, and libnbd reads
// and writes beside them.
func TestMemoryNBD(t *testing.T) {
	var reads []byte
	for range 64 {
		reads = append(reads, nbdRequest(0, 16<<20)...)
	}
	write := append(nbdRequest(1, 32<<20), make([]byte, 32<<20-1)...)
	for name, ask := range map[string][]byte{"writes": write, "reads": reads} {
		t.Run(name, func(t *testing.T) {
			pid, addr := served(t, "--over", "nbd", "--name", "disk")
			before := resident(t, pid)
			var greedy sync.WaitGroup
			defer greedy.Wait()
			for range 16 {
				greedy.Go(func() { greedyNBD(t, addr, ask) })
			}
			most := worst(t, pid, 6*time.Second)
			_, port, _ := net.SplitHostPort(addr)
			if out, err := exec.Command("/usr/bin/python3", "-c", honestNBD, port).CombinedOutput(); err != nil {
				t.Errorf("libnbd beside them: %v\n%s", err, out)
			}
			if most = max(most, resident(t, pid)); most > mostResident {
				t.Errorf("%d MiB resident", most)
			}
			t.Logf("%d MiB resident before, %d at most", before, most)
		})
	}
}

const memoryTarget = "iqn.2026-11.example.spur:memory"

// loginISCSI logs in from another address.
func loginISCSI(t *testing.T, addr string, no int) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.2")}}
	nc, err := d.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	text := fmt.Sprintf("InitiatorName=iqn.greedy%d\x00TargetName=%s\x00InitialR2T=No\x00FirstBurstLength=131072\x00", no, memoryTarget)
	login := append([]byte{0: 0x43, 1: 0x87, 8: 0x80, 47: 0}, text...)
	binary.BigEndian.PutUint32(login[4:], uint32(len(text)))
	_, err = nc.Write(append(login, make([]byte, -len(text)&3)...))
	if _, readErr := io.ReadFull(nc, make([]byte, 48)); err != nil || readErr != nil {
		t.Fatal(err, readErr)
	}
	return nc
}

// greedyISCSI sends commands, and takes no answers.
func greedyISCSI(nc net.Conn, command []byte) {
	_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
	for i := range 64 {
		binary.BigEndian.PutUint32(command[16:], uint32(i))
		binary.BigEndian.PutUint32(command[24:], uint32(i))
		if _, err := nc.Write(command); err != nil {
			return // no more is taken
		}
	}
}

// iscsiCommand is READ (10) or WRITE (10) of a MiB, with so much immediate data.
func iscsiCommand(code, flags byte, data int) []byte {
	b := make([]byte, 48+data)
	b[0], b[1], b[32] = 0x01, flags, code
	binary.BigEndian.PutUint32(b[4:], uint32(data))
	binary.BigEndian.PutUint32(b[20:], 1<<20)
	binary.BigEndian.PutUint16(b[39:], 2048)
	return b
}

// TestMemoryISCSI: nor do initiators that owe the last of what they announced to
// send unasked, or take no answers, and libiscsi's suite passes beside them.
func TestMemoryISCSI(t *testing.T) {
	for name, c := range map[string]struct {
		sessions int
		command  []byte
	}{
		"writes": {64, iscsiCommand(0x2a, 0x21, 128<<10-512)}, // not final: more is to come
		"reads":  {400, iscsiCommand(0x28, 0xc1, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			pid, addr := served(t, "--over", "iscsi", "--name", memoryTarget)
			before := resident(t, pid)
			var greedy sync.WaitGroup
			defer greedy.Wait()
			for no := range c.sessions {
				nc, mine := loginISCSI(t, addr, no), bytes.Clone(c.command)
				greedy.Go(func() { greedyISCSI(nc, mine) })
			}
			most := worst(t, pid, 8*time.Second)
			url := fmt.Sprintf("iscsi://%s/%s/0", addr, memoryTarget)
			for _, test := range []string{"ALL.Write10.Simple", "ALL.Read10.Simple"} {
				out, err := exec.Command("iscsi-test-cu", "--dataloss", "--test="+test, url, url).CombinedOutput()
				if err != nil || !strings.Contains(string(out), "...passed") {
					t.Errorf("libiscsi beside them: %v\n%s", err, out)
				}
			}
			if most = max(most, resident(t, pid)); most > mostResident {
				t.Errorf("%d MiB resident", most)
			}
			t.Logf("%d MiB resident before, %d at most", before, most)
		})
	}
}
