package scsi

import (
	"testing"
	"time"
)

// TestLatency: how long a device takes is known of reads and of writes; what waits
// for the medium is never called quick.
func TestLatency(t *testing.T) {
	var n Nexus
	command := func(op, flags byte) *Command { return &Command{CDB: [16]byte{op, flags}} }
	read6, read10, write6, write10 := command(0x08, 0x1f), command(0x28, 0), command(0x0a, 0x1f), command(0x2a, 0)
	fua, flush := command(0x2a, 0x08), command(0x35, 0)
	for range 20 {
		n.latencyOf(read10).Observe(time.Millisecond)
		n.latencyOf(fua).Observe(time.Millisecond)
		n.latencyOf(flush).Observe(time.Millisecond)
	}
	if n.Quick(read6) || n.Quick(read10) || !n.Quick(write6) || !n.Quick(write10) {
		t.Error("slow reads, flushes and writes with FUA make reads quick, or writes slow")
	}
	if n.Quick(fua) || n.Quick(flush) {
		t.Error("what waits for the medium is called quick")
	}
}
