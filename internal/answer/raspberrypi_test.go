package answer

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/route"
)

// rpiKernel is a kernel for a Raspberry Pi.
func rpiKernel() boot.Payload {
	return boot.Payload{Content: boot.Linux{
		Kernel: boot.File{Source: "/x/Image"}, Arch: boot.ARM64, DeviceTrees: []boot.File{{Source: "/x/bcm2711-rpi-4-b.dtb"}},
	}}
}

// forRPi are the offers of a host with a Raspberry Pi's firmware.
func forRPi(t *testing.T) (*Offers4, *sent) {
	t.Helper()
	pi, other := rpiKernel(), answertest.Kernel()
	o, out := newOffers(t, resolver.ByArch{Payload: other, For: map[boot.Arch]boot.Payload{boot.ARM64: pi}})
	o.Tree.Loaders = append(o.Tree.Loaders,
		route.Binary{Build: route.Build{File: route.RPiStarter, Firmware: boot.RPiFirmware, Arch: boot.ARM64}, Path: "/x/start4.elf"},
		route.Binary{Build: route.Build{File: "ipxe-arm64.efi", Firmware: boot.UEFI, Arch: boot.ARM64}, Path: "/x/ipxe-arm64.efi"})
	o.Decider.Host, o.Tree.Boots = o.Tree.Host, o.Clients
	return o, out
}

// A Raspberry Pi is offered its way and never iPXE, and what is for arm64 in a mixed
// rack. The UEFI firmware that it may start from its folder, with the same address, is
// a machine like others.
func TestRaspberryPiAndItsUEFI(t *testing.T) {
	o, out := forRPi(t)
	pi := boot.Client{
		MAC: boot.MAC{0xdc, 0xa6, 0x32, 0x12, 0x34, 0x56}, Firmware: boot.RPiFirmware, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.RPi,
	}
	copy(pi.UUID[:], "RPi4\x11\x31\xc0\x00\x32\x12\x34\x56\x10\x45\x15\x5b")
	o.Handle(t.Context(), packetOf(pi))
	o.Wait()
	reply := out.all()[0]
	if !bytes.Contains(reply.Options.Get(dhcpv4.OptionVendorSpecificInformation), []byte("Raspberry Pi Boot")) || reply.BootFileName != "" {
		t.Errorf("it is offered %s", reply.Summary())
	}
	addr := netip.MustParseAddr("10.0.0.80")
	o.Clients.Neighbour = func(netip.Addr) (boot.MAC, bool) { return pi.MAC, true }
	if c, r, ok := o.Clients.Boot(addr); !ok || r.Name != "rpi-tftp" || c.Serial != "5b154510" || c.Model != "Raspberry Pi 4" {
		t.Fatalf("its boot is %+v, %s", c, r.Name)
	}

	uefi := boot.Client{MAC: pi.MAC, Firmware: boot.UEFI, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.ROM}
	o.Handle(t.Context(), packetOf(uefi))
	o.Wait()
	reply = out.all()[1]
	if e, ok := o.Tree.Describe(reply.BootFileName, netip.Addr{}); !ok || e.Name != "ipxe-arm64.efi" {
		t.Errorf("its UEFI firmware is offered %q", reply.BootFileName)
	}
	if _, r, ok := o.Clients.Boot(addr); ok {
		t.Errorf("its UEFI firmware still gets what is for the route %s", r.Name)
	}
}
