package scsi_test

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/scsi"
)

// bus is a transport for one command at a time.
type bus struct {
	space, sent []byte
}

func (b *bus) Space(n int) ([]byte, error) { b.space = make([]byte, n); return b.space, nil }
func (b *bus) Send() error                 { b.sent = append(b.sent, b.space...); return nil }
func (b *bus) Scratch(n int) []byte        { return make([]byte, n) }

// A disk of 1 MiB says how large it is.
func Example() {
	unit := &scsi.Unit{Device: block.NewMemory(1 << 20)}
	nexus := &scsi.Nexus{Initiator: "host", Target: "disk", Units: map[uint64]*scsi.Unit{0: unit}, Abort: func() {}}
	nexus.Join(unit)
	defer nexus.Leave()

	var b bus
	readCapacity := scsi.Command{CDB: [16]byte{0x25}, Expected: 8, Reads: true, Transport: &b}
	nexus.Execute(context.Background(), &readCapacity)

	fmt.Println(readCapacity.Status == scsi.Good)
	fmt.Println(binary.BigEndian.Uint32(b.sent)+1, "blocks of", binary.BigEndian.Uint32(b.sent[4:]), "bytes")
	// Output:
	// true
	// 2048 blocks of 512 bytes
}
