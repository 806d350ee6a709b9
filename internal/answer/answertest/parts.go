// Package answertest has what offers are made of in tests: the parts of answer.New, and
// machines that ask.
package answertest

import (
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/seal"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

// Parts are those of the offers of a host that has iPXE for BIOS and UEFI, in the order in
// which answer.New takes them.
func Parts(r boot.Resolver) (decide.Decider, *tree.Tree, *timeline.Timeline, *decide.Clients) {
	host := route.Host{Loaders: route.Binaries{
		{Build: route.Build{File: "undionly.kpxe", Firmware: boot.BIOS, Arch: boot.X86}, Path: "/x/undionly.kpxe"},
		{Build: route.Build{File: "snponly.efi", Firmware: boot.UEFI, Arch: boot.X64}, Path: "/x/snponly.efi"},
	}}
	events := timeline.New(timeline.Config{})
	d := decide.Decider{Resolver: r, Host: host, Failed: events.Failed, Shapes: events.Shapes, Lease: route.Theirs}
	t := &tree.Tree{Names: tree.Names{Key: seal.NewKey()}, Resolver: r, HTTPPort: 80, TFTPPort: 69, Host: host}
	return d, t, events, &decide.Clients{}
}

// Kernel is a kernel with a root path.
func Kernel() boot.Payload {
	return boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/x/vmlinuz"}, Arch: boot.X64}, RootPath: "nfs:/root"}
}

// Machine is the machine of a number, as it asks by PXE.
func Machine(n byte, f boot.Firmware, l boot.Loader) boot.Client {
	c := boot.Client{MAC: boot.MAC{0x52, 0x54, 0, 0, 0, n}, Firmware: f, Arch: boot.X64, Proto: boot.PXE, Loader: l}
	if f == boot.BIOS {
		c.Arch = boot.X86
	}
	return c
}
