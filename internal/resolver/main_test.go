package resolver

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"github.com/spurboot/spur/internal/boot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answers is a resolver made of a function.
type answers func(ctx context.Context, c boot.Client) (boot.Payload, error)

func (a answers) Resolve(ctx context.Context, c boot.Client) (boot.Payload, error) { return a(ctx, c) }

// machine is a client with the last byte of its address.
func machine(n byte) boot.Client {
	return boot.Client{MAC: boot.MAC{0x52, 0x54, 0, 0x12, 0x34, n}, Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM}
}

func linux(kernel string) boot.Payload {
	return boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: kernel}}}
}

// kernelOf is the kernel of a payload that is a Linux.
func kernelOf(p boot.Payload) string {
	l, _ := p.Content.(boot.Linux)
	return l.Kernel.Source
}
