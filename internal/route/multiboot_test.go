package route

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// multibootHost is a host with iPXE, PXELINUX, and two GRUBs for each kind of machine, of
// which the preferred has no commands for Multiboot kernels.
func multibootHost() Host {
	host := all()
	for _, c := range []boot.Client{biosROM, uefiROM, ia32ROM} {
		for i, features := range []boot.Features{0, boot.CanMultiboot | boot.CanMultiboot2} {
			name := fmt.Sprintf("grub-%s-%s-%d", c.Firmware, c.Arch, i)
			host.Loaders = append(host.Loaders, Binary{
				Build: Build{name, c.Firmware, c.Arch}, Path: "/x/" + name, Sum: [32]byte{byte(i + 1)},
				Identity: Identity{Kind: KindGRUB, Firmware: c.Firmware, Arch: c.Arch, Version: fmt.Sprintf("2.0%d", 6-i), Features: features | boot.CanTFTP | boot.CanHTTP | boot.CanUnderIPXE},
			})
		}
	}
	return host
}

func multibootOf(m boot.Multiboot) boot.Payload {
	m.Kernel = boot.File{Source: "/src/kernel"}
	return boot.Payload{Content: m}
}

// Which loaders start a Multiboot kernel, and what is in the way of others.
func TestMultiboot(t *testing.T) {
	first := boot.Multiboot{First: true}
	modules := func(n int, text string) boot.Multiboot {
		m := first
		for range n {
			var line boot.Template
			line.Text(text)
			m.Modules = append(m.Modules, boot.Module{File: boot.File{Source: "/src/m"}, Text: line})
		}
		return m
	}
	secure, arm, bare := uefiROM, uefiROM, biosIPXE
	secure.SecureBoot, arm.Arch, bare.Features = true, boot.ARM64, boot.UsualIPXE&^boot.CanMultiboot
	for _, test := range []struct {
		name   string
		client boot.Client
		kernel boot.Multiboot
		want   string // of the routes, those that are told apart here
		why    string // of one that can't be taken
	}{
		{"BIOS", biosROM, first, "bios-undionly bios-lpxelinux bios-grub", "bios-nbp: kernel is a Multiboot kernel, which a BIOS can't start by itself"},
		{"iPXE", biosIPXE, first, "ipxe-http bios-ipxe-grub", ""},
		{"iPXE without it", bare, first, "bios-ipxe-grub", "ipxe-http: this iPXE says that it cannot start a Multiboot kernel"},
		{"version 2 alone", biosROM, boot.Multiboot{Second: true}, "bios-grub", "bios-undionly: kernel has a header of version 2"},
		{"for UEFI of 64 bits", uefiROM, boot.Multiboot{Second: true, EntryEFI64: true}, "uefi-grub", ""},
		{"for UEFI of 64 bits", biosROM, boot.Multiboot{Second: true, EntryEFI64: true}, "", "bios-grub: kernel says where it begins to run on UEFI of 64 bits alone (tag 9 of its header of Multiboot 2), and the machine is BIOS; give the header an entry address tag (type 3)"},
		{"for UEFI of 64 bits", ia32ROM, boot.Multiboot{Second: true, EntryEFI64: true}, "", "uefi-grub: kernel says where it begins to run on UEFI of 64 bits alone (tag 9 of its header of Multiboot 2), and the machine is UEFI x86;"},
		{"for UEFI of 64 bits, and version 1", biosROM, boot.Multiboot{First: true, Second: true, EntryEFI64: true}, "bios-undionly bios-lpxelinux bios-grub", ""},
		{"for UEFI of 64 bits", arm, boot.Multiboot{Second: true, EntryEFI64: true}, "", "uefi-grub: kernel is a Multiboot kernel, which runs on PCs alone"},
		{"64 bits", biosROM, boot.Multiboot{First: true, Wide: true}, "bios-grub", "bios-undionly: kernel is an ELF file of 64 bits, of which iPXE loads none"},
		{"64 bits", biosROM, boot.Multiboot{First: true, Wide: true}, "bios-grub", "bios-pxelinux: kernel is an ELF file of 64 bits, of which mboot.c32 loads none"},
		{"many modules", biosROM, modules(9, ""), "bios-lpxelinux bios-grub", "bios-undionly: kernel has 9 modules, and iPXE loads 8"},
		{"long texts", biosROM, modules(2, strings.Repeat("x", 300)), "bios-lpxelinux bios-grub", "of which iPXE takes 512"},
		{"dashes", biosROM, modules(2, "a --- b"), "bios-undionly bios-grub", "bios-lpxelinux: kernel can't be started by Syslinux: it is told ---"},
		{"an apostrophe", biosROM, modules(2, "it's"), "bios-undionly bios-lpxelinux", "bios-grub: kernel can't be started by GRUB: its command line has '"},
		{"UEFI", uefiROM, first, "uefi-grub", "uefi-x64-snponly: iPXE for UEFI starts no Multiboot kernel"},
		{"UEFI", uefiROM, first, "uefi-grub", "uefi-shim-grub: a GRUB that a shim starts has no command for such kernels"},
		{"Secure Boot", secure, first, "", "uefi-grub: kernel is a Multiboot kernel, which can't be signed"},
		{"Xen", uefiROM, boot.Multiboot{First: true, Second: true, Xen: true}, "uefi-grub", ""},
		{"Xen on a BIOS", biosROM, boot.Multiboot{First: true, Second: true, Xen: true}, "bios-undionly bios-lpxelinux bios-grub", ""},
		{"Xen on firmware of 32 bits", ia32ROM, boot.Multiboot{First: true, Second: true, Xen: true}, "", "uefi-grub: kernel is Xen, which stops on UEFI firmware of 32 bits"},
		{"another one on firmware of 32 bits", ia32ROM, first, "uefi-grub", ""},
		{"arm64", arm, first, "", "uefi-grub: kernel is a Multiboot kernel, which runs on PCs alone, and the machine is UEFI arm64"},
	} {
		ladder := Routes(test.client, multibootOf(test.kernel), multibootHost())
		var got []string
		for _, r := range ladder.Routes {
			if slices.Contains([]string{"ipxe-http", "bios-undionly", "bios-lpxelinux", "bios-grub", "uefi-grub", "bios-ipxe-grub"}, r.Name) {
				got = append(got, r.Name)
			}
			if r.Loader == boot.GRUB && r.Binary != 0x02000000 {
				t.Errorf("%s: %s gives the GRUB %x, not the one that can", test.name, r.Name, r.Binary)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: got %v, want %s", test.name, got, test.want)
		}
		told := ""
		for _, r := range ladder.Rejected {
			told += r.Name + ": " + r.Why + "\n"
		}
		if !strings.Contains(told, test.why) {
			t.Errorf("%s: %q is not in\n%s", test.name, test.why, told)
		}
	}
}

// Without a GRUB that can, it is said how to come by one; and without mboot.c32, what is
// missing.
func TestMultibootLacks(t *testing.T) {
	host := multibootHost()
	for i := range host.Loaders {
		host.Loaders[i].Identity.Features &^= boot.CanMultiboot | boot.CanMultiboot2
		if FindLoader(boot.PXELINUX).Kind == LoaderOf(host.Loaders[i].Build).Kind {
			host.Loaders[i].Beside = host.Loaders[i].Beside[:1]
		}
	}
	ladder := Routes(biosROM, multibootOf(boot.Multiboot{First: true, Second: true}), host)
	for name, want := range map[string]string{
		"bios-grub":     "grub-bios-x86-0 (GRUB 2.06) has no command for such kernels; spur loader make grub",
		"bios-pxelinux": "pxelinux.0 needs mboot.c32 beside it, which was not found on this host",
	} {
		told := ""
		for _, r := range ladder.Rejected {
			if r.Name == name {
				told = r.Why
			}
		}
		if !strings.Contains(told, want) {
			t.Errorf("%s: %q", name, told)
		}
	}
	if ladder := Routes(biosROM, linux(boot.X64), host); !strings.Contains(fmt.Sprint(ladder.Routes), "bios-pxelinux") {
		t.Error("without mboot.c32 PXELINUX starts no kernel of Linux")
	}
}

// What is told in the end is what can be mended: a GRUB can be made, and a shim's never has
// the commands.
func TestMultibootNearest(t *testing.T) {
	host := multibootHost()
	host.Loaders = slices.DeleteFunc(host.Loaders, func(b Binary) bool { return LoaderOf(b.Build).Kind == KindGRUB || b.Identity.Kind == KindGRUB })
	why := Routes(uefiROM, multibootOf(boot.Multiboot{First: true, Second: true}), host).Obstacle(uefiROM)
	if why != "no GRUB for UEFI x64 was found on this host; spur loader make grub makes one that starts such kernels" {
		t.Error(why)
	}
}
