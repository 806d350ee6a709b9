package daemon

import (
	"net/netip"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/seal"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

// newOffers are the offers of a host with a loader.
func newOffers(t *testing.T, r boot.Resolver) *answer.Offers {
	t.Helper()
	host := route.Host{Loaders: route.Binaries{{Build: route.Build{File: "snponly.efi", Firmware: boot.UEFI, Arch: boot.X64}, Path: "/x/snponly.efi"}}}
	events := timeline.New(timeline.Config{})
	d := decide.Decider{Resolver: r, Host: host, Failed: events.Failed, Shapes: events.Shapes, Lease: route.Theirs}
	o := answer.New(d, &tree.Tree{Names: tree.Names{Key: seal.NewKey()}, Resolver: r, HTTPPort: 80, TFTPPort: 69, Host: host}, events, &decide.Clients{})
	o.Trouble = func(what string, _ boot.MAC, _ string, err error) { t.Errorf("%s: %v", what, err) }
	return o
}

func kernel() boot.Payload {
	return boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/x/vmlinuz"}, Arch: boot.X64}, RootPath: "nfs:/root"}
}

// scriptRequest is how an iPXE with HTTP asks.
func scriptRequest(c boot.Client) dhcp.Packet {
	m := identify.Request(c)
	m.UpdateOption(dhcpv4.OptGeneric(dhcpv4.GenericOptionCode(175), []byte{19, 1, 1, 24, 1, 1, 36, 1, 1}))
	return dhcp.Packet{Message: m, Port: dhcp.ServerPort, Server: netip.MustParseAddr("10.0.0.1"), Time: time.Now()}
}

func machine(n byte, f boot.Firmware, l boot.Loader) boot.Client {
	c := boot.Client{MAC: boot.MAC{0x52, 0x54, 0, 0, 0, n}, Firmware: f, Arch: boot.X64, Proto: boot.PXE, Loader: l}
	if f == boot.BIOS {
		c.Arch = boot.X86
	}
	return c
}
