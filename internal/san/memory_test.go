package san

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/internal/disk"
	"github.com/spurboot/spur/iscsi"
)

const (
	// machines have a disk of their own each, over the same base.
	machines = 500
	// perMachine is the most memory, in bytes, of this process for one of them.
	perMachine = 256 << 10
)

// TestMemoryPerMachine: each of many overlays of one base, with an iSCSI session
// that has read and written, takes little memory.
func TestMemoryPerMachine(t *testing.T) {
	dir := t.TempDir()
	base := filepath.Join(dir, "base")
	if err := os.WriteFile(base, bytes.Repeat([]byte("base"), 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	var targets Targets
	var disks []*disk.Disk
	t.Cleanup(func() { // when the server has ended
		for _, d := range disks {
			d.Close()
		}
	})
	name := func(i int) string { return fmt.Sprintf("iqn.2026-11.example.spur:machine%d", i) }
	open := func(i int) {
		d, err := disk.Open(t.Context(), filepath.Join(dir, fmt.Sprintf("overlay%d.qcow2", i)), disk.Options{Base: base, Format: diskimage.Raw})
		if err != nil {
			t.Fatal(err)
		}
		disks = append(disks, d)
		if err := targets.Add(Target{Name: name(i), LUNs: []Volume{opened("", d.Device)}}); err != nil {
			t.Fatal(err)
		}
	}
	// One machine more, so that what all share is there before.
	open(0)
	address := listen(t, func(ctx context.Context, l net.Listener, _ *Log) error {
		server := iscsi.Server{Targets: &targets, Bounds: iscsi.Bounds{Grace: time.Millisecond}}
		return server.Serve(ctx, l)
	})
	converse(t, address, name(0), 0)
	heap, resident := memory(t)
	for i := 1; i <= machines; i++ {
		open(i)
		converse(t, address, name(i), byte(i))
	}
	heapNow, residentNow := memory(t)
	heap, resident = (heapNow-heap)/machines, (residentNow-resident)/machines
	t.Logf("%d bytes of heap and stacks, %d resident, for each machine", heap, resident)
	if heap > perMachine {
		t.Errorf("%d bytes of heap and stacks for each machine", heap)
	}
	if resident > perMachine && !racing {
		t.Errorf("%d bytes resident for each machine", resident)
	}
}

// memory is what the process has in use, in bytes.
func memory(t *testing.T) (heap, resident int64) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return int64(m.HeapInuse + m.StackInuse), pages * int64(os.Getpagesize())
}

// converse logs in (RFC 7143 section 11.12), reads 256 KiB of the base, writes
// 64 KiB and reads them; the session stays.
func converse(t *testing.T, address, target string, mark byte) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(time.Minute))
	c := &initiator{t: t, nc: nc}
	text := "InitiatorName=iqn.2026-11.example.spur:machine\x00TargetName=" + target +
		"\x00InitialR2T=No\x00MaxRecvDataSegmentLength=262144\x00FirstBurstLength=131072\x00"
	c.request([]byte{0: 0x43, 1: 0x87, 8: 0x80, 47: 0}, []byte(text))
	c.command(0x28, 1<<20, 256<<10, nil)
	written := bytes.Repeat([]byte{mark}, 64<<10)
	c.command(0x2a, 3<<20, len(written), written)
	if got := c.command(0x28, 3<<20, len(written), nil); !bytes.Equal(got, written) {
		t.Fatalf("%s: what was read is not what was written", target)
	}
	return nc
}

// initiator sends one command at a time.
type initiator struct {
	t  *testing.T
	nc net.Conn
	sn uint32
}

// command is READ (10) or WRITE (10).
func (c *initiator) command(code byte, off, n int, data []byte) []byte {
	h := []byte{0: 0x01, 1: 0xc1, 9: 0, 32: code, 47: 0}
	if data != nil {
		h[1] = 0xa1
	}
	binary.BigEndian.PutUint32(h[16:], c.sn)
	binary.BigEndian.PutUint32(h[20:], uint32(n))
	binary.BigEndian.PutUint32(h[24:], c.sn)
	binary.BigEndian.PutUint32(h[34:], uint32(off/512))
	binary.BigEndian.PutUint16(h[39:], uint16(n/512))
	c.sn++
	return c.request(h, data)
}

// request sends a PDU and returns the data of the answer.
func (c *initiator) request(h, data []byte) []byte {
	binary.BigEndian.PutUint32(h[4:], uint32(len(data)))
	pdu := append(append(h, data...), make([]byte, -len(data)&3)...)
	if _, err := c.nc.Write(pdu); err != nil {
		c.t.Fatal(err)
	}
	var answer [48]byte
	if _, err := io.ReadFull(c.nc, answer[:]); err != nil {
		c.t.Fatal(err)
	}
	n := int(binary.BigEndian.Uint32(answer[4:]) & 0xffffff)
	got := make([]byte, n+-n&3)
	if _, err := io.ReadFull(c.nc, got); err != nil {
		c.t.Fatal(err)
	}
	if login := answer[0] == 0x23; login && answer[36] != 0 || !login && answer[3] != 0 {
		c.t.Fatalf("refused: %x", answer)
	}
	return got[:n]
}
