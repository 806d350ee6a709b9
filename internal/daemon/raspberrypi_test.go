package daemon

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

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
func forRPi(t *testing.T) (*offers4, *sent) {
	t.Helper()
	pi, other := rpiKernel(), kernel()
	o, out := newOffers(t, resolver.ByArch{Payload: other, For: map[boot.Arch]boot.Payload{boot.ARM64: pi}})
	o.tree.Loaders = append(o.tree.Loaders,
		route.Binary{Build: route.Build{File: route.RPiStarter, Firmware: boot.RPiFirmware, Arch: boot.ARM64}, Path: "/x/start4.elf"},
		route.Binary{Build: route.Build{File: "ipxe-arm64.efi", Firmware: boot.UEFI, Arch: boot.ARM64}, Path: "/x/ipxe-arm64.efi"})
	o.decider.Host, o.tree.Boots = o.tree.Host, o.clients
	return o, out
}

// rpi4 asks as a Raspberry Pi 4 does.
func rpi4(t *testing.T) boot.Client {
	t.Helper()
	q, err := ParseQuestion(string(boot.RPiFirmware), "", "pxe", "", ourAddr)
	if err != nil {
		t.Fatal(err)
	}
	return q.Client
}

// A Raspberry Pi is offered its way and never iPXE, and what is for arm64 in a mixed
// rack. The UEFI firmware that it may start from its folder, with the same address, is
// a machine like others.
func TestRaspberryPiAndItsUEFI(t *testing.T) {
	o, out := forRPi(t)
	pi := rpi4(t)
	o.handle(t.Context(), packetOf(pi))
	o.wait()
	reply := out.all()[0]
	if !bytes.Contains(reply.Options.Get(dhcpv4.OptionVendorSpecificInformation), []byte("Raspberry Pi Boot")) || reply.BootFileName != "" {
		t.Errorf("it is offered %s", reply.Summary())
	}
	addr := netip.MustParseAddr("10.0.0.80")
	o.clients.Neighbour = func(netip.Addr) (boot.MAC, bool) { return pi.MAC, true }
	if c, r, ok := o.clients.Boot(addr); !ok || r.Name != "rpi-tftp" || c.Serial != "5b154510" || c.Model != "Raspberry Pi 4" {
		t.Fatalf("its boot is %+v, %s", c, r.Name)
	}

	uefi := boot.Client{MAC: pi.MAC, Firmware: boot.UEFI, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.ROM}
	o.handle(t.Context(), packetOf(uefi))
	o.wait()
	reply = out.all()[1]
	if e, ok := o.tree.Describe(reply.BootFileName, netip.Addr{}); !ok || e.Name != "ipxe-arm64.efi" {
		t.Errorf("its UEFI firmware is offered %q", reply.BootFileName)
	}
	if _, r, ok := o.clients.Boot(addr); ok {
		t.Errorf("its UEFI firmware still gets what is for the route %s", r.Name)
	}
}

// With --dhcp off nobody is heard asking: a Raspberry Pi is one by its address.
func TestBoardAt(t *testing.T) {
	if _, _, ok := boardAt(boot.MAC{0x52, 0x54, 0, 0, 0, 1}); ok {
		t.Error("any machine is taken for a Raspberry Pi")
	}
	if c, r, ok := boardAt(boot.MAC{0xdc, 0xa6, 0x32, 0, 0, 1}); !ok || r.Name != "rpi-tftp" || c.Firmware != boot.RPiFirmware {
		t.Errorf("%+v on %s", c, r.Name)
	}
}

// Device trees are found beside a kernel, where Debian's package has them, and through
// a link to the kernel.
func TestDeviceTrees(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{
		"boot/vmlinuz-6.1.0-41-arm64", "usr/lib/linux-image-6.1.0-41-arm64/broadcom/bcm2711-rpi-4-b.dtb",
		"usr/lib/linux-image-6.1.0-41-arm64/broadcom/bcm4708-netgear.dtb", "[beside]/Image", "[beside]/bcm2712-rpi-5-b.dtb", "none/Image",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("boot/vmlinuz-6.1.0-41-arm64", filepath.Join(root, "vmlinuz")); err != nil {
		t.Fatal(err)
	}
	for kernel, want := range map[string]string{
		"boot/vmlinuz-6.1.0-41-arm64": "bcm2711-rpi-4-b.dtb", "vmlinuz": "bcm2711-rpi-4-b.dtb", "[beside]/Image": "bcm2712-rpi-5-b.dtb", "none/Image": "",
	} {
		got := ""
		for _, f := range rpiDeviceTrees(filepath.Join(root, kernel)) {
			got += f.Base()
		}
		if got != want {
			t.Errorf("with %s lies %q, want %q", kernel, got, want)
		}
	}
}
