package route

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// Every loader that draws a menu starts the items that it can on the machine, and leaves
// the machine to its disk; one that has nothing to show isn't given out for it.
func TestItem(t *testing.T) {
	bios := boot.Client{Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.ROM}
	uefi := boot.Client{Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM}
	ipxe := bios
	ipxe.Loader, ipxe.Features = boot.IPXE, boot.UsualIPXE
	without := ipxe
	without.Features &^= boot.CanMenu
	host := Host{Loaders: Binaries{
		{Build: Build{"undionly.kpxe", boot.BIOS, boot.X86}, Identity: Identity{Kind: KindIPXE}},
		{Build: Build{"pxelinux.0", boot.BIOS, boot.X86}, Identity: Identity{Kind: KindPXELINUX, Version: "4"}},
		{Build: Build{"syslinux64.efi", boot.UEFI, boot.X64}, Identity: Identity{Kind: KindSyslinux, Version: "4"}},
		{Build: Build{"grubx64.efi", boot.UEFI, boot.X64}, Identity: Identity{Kind: KindGRUB, Firmware: boot.UEFI, Arch: boot.X64, Version: "2.12", Features: boot.CanTFTP | boot.CanProxyDHCP}},
	}}
	linux := boot.Payload{Content: boot.Linux{Arch: boot.X64, Abilities: boot.Abilities{EFIStub: true}}}
	shell := boot.Payload{Content: boot.EFI{Program: boot.File{Source: "/shell.efi"}, Arch: boot.X64}}
	local := boot.Payload{Content: boot.Local{}}
	items := func(all ...boot.Payload) boot.Payload {
		m := boot.Menu{}
		for n, p := range all {
			m.Items = append(m.Items, boot.MenuItem{Item: uint16(n + 1), Payload: p})
		}
		return boot.Payload{Content: m}
	}
	for name, c := range map[string]struct {
		client boot.Client
		asked  boot.Loader
		route  string // "" for none
		hidden string // which of Linux, an EFI application and the local disk can't be started
	}{
		"a ROM is given iPXE":           {bios, "", "bios-undionly", " efi"},
		"iPXE":                          {ipxe, "", "ipxe-http", " efi"},
		"an iPXE without menus is none": {without, boot.IPXE, "", ""},
		"PXELINUX":                      {bios, boot.PXELINUX, "bios-pxelinux", " efi"},
		"Syslinux":                      {uefi, boot.Syslinux, "uefi-x64-syslinux", " efi"},
		"GRUB":                          {uefi, boot.GRUB, "uefi-grub", ""},
		"firmware draws none":           {uefi, boot.ROM, "", ""},
	} {
		asking := host
		asking.Loader = c.asked
		ladder := Routes(c.client, items(shell, linux, local), asking)
		r, ok := ladder.Pick(nil)
		if ok != (c.route != "") || ok && (r.Name != c.route || r.Form != MenuForm) {
			t.Errorf("%s: %+v", name, ladder)
			continue
		}
		hidden := ""
		for _, p := range []boot.Payload{linux, shell, local} {
			if !ok {
				break
			}
			way, why := r.Item(c.client, p, asking)
			if why != "" {
				hidden += " " + string(p.Kind())
			} else if way.Name == "" {
				t.Errorf("%s: %s goes no way", name, p.Kind())
			}
		}
		if hidden != c.hidden {
			t.Errorf("%s doesn't start%s, want%s", name, hidden, c.hidden)
		}
	}
	if why := Routes(ipxe, items(shell), host).Obstacle(ipxe); !strings.Contains(why, "nothing of the menu can boot there: shell.efi is an EFI application") {
		t.Errorf("nothing can boot: %q", why)
	}
	overHTTP := uefi
	overHTTP.Proto = boot.HTTP
	if r, ok := ByID(Route{Name: "uefi-http-shim-grub"}.ID()); !ok {
		t.Error("there is no such route")
	} else if why := r.drawsNothing(overHTTP, items(local, shell), Host{}); why == "" || strings.Contains(why, "goes on to its disk") {
		t.Errorf("the disk is first, and nothing can boot: %q", why)
	} else if why := r.drawsNothing(overHTTP, items(local), Host{}); !strings.Contains(why, "goes on to its disk") {
		t.Errorf("nothing but the disk is in it: %q", why)
	}
	if why := Routes(ipxe, items(), host).Obstacle(ipxe); !strings.Contains(why, "it has no items") {
		t.Errorf("nothing is in it: %q", why)
	}
}
