package disktest

import (
	"bufio"
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

// mostResident is how much memory, in MiB, a server has at most, whatever is
// asked of it: 256 for requests, of which one address has half, and as much
// again until it is collected.
const mostResident = 320

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
