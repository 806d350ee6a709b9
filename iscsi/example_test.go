package iscsi_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/iscsi"
)

// zeros is the least of a device: a disk full of zeros that can't be written.
type zeros struct{}

func (zeros) Size() int64      { return 1 << 30 }
func (zeros) Caps() block.Caps { return block.Caps{ReadOnly: true, BlockSize: 4096} }
func (zeros) Close() error     { return nil }

func (zeros) Read(_ context.Context, p []byte, _ int64) error { clear(p); return nil }

func (zeros) Write(context.Context, []byte, int64, block.WriteFlags) error {
	return block.ErrReadOnly
}
func (zeros) Flush(context.Context) error              { return nil }
func (zeros) Trim(context.Context, int64, int64) error { return block.ErrReadOnly }

func (zeros) Zero(context.Context, int64, int64, block.ZeroFlags) error {
	return block.ErrReadOnly
}

func (zeros) Extents(_ context.Context, off, n int64, yield func(block.Extent) bool) error {
	yield(block.Extent{Offset: off, Length: n, Zero: true})
	return nil
}

func Example() {
	target := &iscsi.Target{
		Name: "iqn.2026-11.com.example:disk1",
		LUNs: map[uint64]*iscsi.LUN{0: {Device: zeros{}}},
		Auth: iscsi.Credentials{Name: "machine7", Secret: "twelve bytes at least"}.Static(),
	}
	server := &iscsi.Server{Targets: iscsi.Static(target)}
	listener, err := net.Listen("tcp", "127.0.0.1:0") // ":3260" for real initiators
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- server.Serve(ctx, listener) }()
	// Now: iscsiadm, iPXE's sanboot, qemu-img …
	stop()
	fmt.Println(<-done)
	// Output: <nil>
}
