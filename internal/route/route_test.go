package route

import (
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// all is a host that has every loader that the table gives out.
func all() Host {
	var have Binaries
	for _, l := range Loaders() {
		for _, b := range l.Builds {
			one := Binary{Build: b, Path: "/usr/lib/ipxe/" + b.File}
			for _, need := range l.Wants(one) {
				one.Beside = append(one.Beside, Binary{Build: need.Build})
			}
			have = append(have, one)
		}
	}
	return Host{Loaders: have}
}

func linux(arch boot.Arch) boot.Payload {
	return boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}, Arch: arch}}
}

func program(arch boot.Arch) boot.Payload {
	return boot.Payload{Content: boot.EFI{Program: boot.File{Source: "/x/shell.efi"}, Arch: arch}}
}

var (
	stub      = Binary{Build: Build{"linuxx64.efi.stub", boot.UEFI, boot.X64}, Path: "/x/linuxx64.efi.stub"}
	biosROM   = boot.Client{Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.ROM}
	biosIPXE  = boot.Client{Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.IPXE, Features: boot.UsualIPXE}
	biosBare  = boot.Client{Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.IPXE, Features: boot.UsualIPXE &^ boot.CanHTTP}
	uefiROM   = boot.Client{Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM}
	overIPv6  = boot.Client{Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM, IPv6: true}
	uefiIPXE  = boot.Client{Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.IPXE, Features: boot.UsualIPXE}
	uefiHTTP  = boot.Client{Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.HTTP, Loader: boot.ROM}
	secure    = boot.Client{Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM, SecureBoot: true}
	armROM    = boot.Client{Firmware: boot.UEFI, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.ROM}
	armHTTP   = boot.Client{Firmware: boot.UEFI, Arch: boot.ARM64, Proto: boot.HTTP, Loader: boot.ROM}
	ia32ROM   = boot.Client{Firmware: boot.UEFI, Arch: boot.X86, Proto: boot.PXE, Loader: boot.ROM}
	ia32HTTP  = boot.Client{Firmware: boot.UEFI, Arch: boot.X86, Proto: boot.HTTP, Loader: boot.ROM}
	ia32IPXE  = boot.Client{Firmware: boot.UEFI, Arch: boot.X86, Proto: boot.PXE, Loader: boot.IPXE, Features: boot.UsualIPXE}
	riscROM   = boot.Client{Firmware: boot.UEFI, Arch: boot.RISCV64, Proto: boot.PXE, Loader: boot.ROM}
	loongROM  = boot.Client{Firmware: boot.UEFI, Arch: boot.LOONG64, Proto: boot.PXE, Loader: boot.ROM}
	arm32ROM  = boot.Client{Firmware: boot.UEFI, Arch: boot.ARM, Proto: boot.PXE, Loader: boot.ROM}
	noBzImage = boot.Client{Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.IPXE, Features: boot.CanHTTP | boot.CanTFTP}
	armIPXE   = boot.Client{Firmware: boot.UEFI, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.IPXE, Features: boot.UsualIPXE}
)

func withHTTPS(c boot.Client) boot.Client {
	c.Features |= boot.CanHTTPS
	return c
}

// told is a Linux payload with a command line.
func told(p boot.Payload, cmdline string) boot.Payload {
	l := p.Content.(boot.Linux)
	l.Cmdline.Text(cmdline)
	return boot.Payload{Content: l}
}

func TestRoutes(t *testing.T) {
	tests := []struct {
		name    string
		client  boot.Client
		payload boot.Payload
		host    Host
		want    []string
	}{
		{"BIOS ROM", biosROM, linux(boot.X64), all(), []string{"bios-undionly", "bios-ipxe", "bios-lpxelinux", "bios-pxelinux"}},
		{"BIOS ROM, a 32-bit kernel", biosROM, linux(boot.X86), all(), []string{"bios-undionly", "bios-ipxe", "bios-lpxelinux", "bios-pxelinux"}},
		{"BIOS ROM, one loader missing", biosROM, linux(boot.X64), without(all(), "undionly.kpxe"), []string{"bios-ipxe", "bios-lpxelinux", "bios-pxelinux"}},
		{"BIOS iPXE", biosIPXE, linux(boot.X64), all(), []string{"ipxe-http", "ipxe-tftp"}},
		{"BIOS iPXE without HTTP", biosBare, linux(boot.X64), all(), []string{"bios-ipxe-undionly", "ipxe-tftp"}},
		{"BIOS iPXE needs no loader of ours", biosIPXE, linux(boot.X64), Host{}, []string{"ipxe-http", "ipxe-tftp"}},
		{"UEFI ROM", uefiROM, linux(boot.X64), all(), []string{"uefi-x64-snponly", "uefi-x64-ipxe", "uefi-x64-direct", "uefi-tftp", "uefi-x64-syslinux"}},
		{"UEFI ROM, no stub", uefiROM, linux(boot.X64), without(all(), "linuxx64.efi.stub"), []string{"uefi-x64-snponly", "uefi-x64-ipxe", "uefi-x64-direct", "uefi-x64-syslinux"}},
		{"UEFI ROM over IPv6", overIPv6, linux(boot.X64), all(), []string{"uefi-tftp6", "uefi-x64-snponly", "uefi-x64-ipxe"}},
		{"UEFI ROM, no loader", uefiROM, linux(boot.X64), Host{Loaders: Binaries{stub}}, []string{"uefi-tftp"}},
		{"UEFI ROM, kernel of unknown architecture", uefiROM, linux(""), all(), []string{"uefi-x64-snponly", "uefi-x64-ipxe", "uefi-x64-direct", "uefi-tftp", "uefi-x64-syslinux"}},
		{"UEFI ROM, EFI application, no loader", uefiROM, program(boot.X64), Host{}, []string{"uefi-tftp"}},
		{"UEFI iPXE, EFI application", uefiIPXE, program(boot.X64), Host{}, []string{"ipxe-http", "ipxe-tftp"}},
		{"BIOS iPXE, EFI application", biosIPXE, program(boot.X64), Host{}, nil},
		{"UEFI ROM, EFI application for ARM", uefiROM, program(boot.ARM64), all(), nil},
		{"BIOS ROM, EFI application", biosROM, program(boot.X64), all(), nil},
		{"Secure Boot, EFI application", secure, program(boot.X64), all(), nil},
		{"UEFI ROM, ARM kernel", uefiROM, linux(boot.ARM64), all(), nil},
		{"UEFI iPXE, script", uefiIPXE, boot.Payload{Content: boot.Script{}}, all(), []string{"ipxe-http", "ipxe-tftp"}},
		{"Secure Boot, loaders without a signature", secure, linux(boot.X64), all(), nil},
		{"Secure Boot, all signed by us", secure, linux(boot.X64), signing(all()), []string{"uefi-x64-snponly", "uefi-x64-ipxe", "uefi-x64-direct", "uefi-tftp", "uefi-x64-syslinux"}},
		{"Secure Boot, EFI application signed by us", secure, program(boot.X64), signing(Host{}), []string{"uefi-tftp"}},
		{"Secure Boot, one with", secure, linux(boot.X64), Host{Loaders: Binaries{{Build: Build{"ipxe.efi", boot.UEFI, boot.X64}, Path: "/ipxe.efi", Identity: Identity{Signatures: []Signature{{Signer: "S"}}}}}}, []string{"uefi-x64-ipxe"}},
		{"UEFI HTTP Boot", uefiHTTP, linux(boot.X64), all(), []string{"uefi-http", "uefi-x64-http-snponly"}},
		{"UEFI HTTP Boot, 4 GiB", uefiHTTP, boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}, Arch: boot.X64, Room: boot.RoomOf(boot.Extent{Fetched: 4 << 30})}}, all(), []string{"uefi-x64-http-snponly"}},
		{"UEFI HTTP Boot, kernel that no stub starts", uefiHTTP, able(boot.X64, boot.Abilities{EFIStub: true, NoUKI: true}), Host{}, []string{"uefi-http"}},
		{"UEFI HTTP Boot, such a kernel with a command line", uefiHTTP, told(able(boot.X64, boot.Abilities{EFIStub: true, NoUKI: true}), "quiet"), all(), []string{"uefi-x64-http-snponly"}},
		{"UEFI HTTP Boot, EFI application", uefiHTTP, program(boot.X64), Host{}, []string{"uefi-http"}},
		{"UEFI HTTP Boot, script", uefiHTTP, boot.Payload{Content: boot.Script{}}, all(), []string{"uefi-x64-http-snponly"}},
		{"ARM iPXE", armIPXE, linux(boot.ARM64), all(), []string{"ipxe-http", "ipxe-tftp"}},
		{"UEFI HTTP Boot, HTTPS as well", uefiHTTP, program(boot.X64), Host{HTTPS: true}, []string{"uefi-http", "uefi-https"}},
		{"UEFI HTTP Boot, HTTPS alone", uefiHTTP, linux(boot.X64), Host{Loaders: Binaries{stub}, HTTPS: true, WithoutHTTP: true}, []string{"uefi-https"}},
		{"iPXE with HTTPS", withHTTPS(uefiIPXE), linux(boot.X64), Host{HTTPS: true}, []string{"ipxe-http", "ipxe-https", "ipxe-tftp"}},
		{"iPXE with HTTPS, HTTPS alone", withHTTPS(uefiIPXE), linux(boot.X64), Host{HTTPS: true, WithoutHTTP: true}, []string{"ipxe-https", "ipxe-tftp"}},
		{"iPXE without HTTPS, HTTPS alone", uefiIPXE, linux(boot.X64), Host{HTTPS: true, WithoutHTTP: true}, []string{"ipxe-tftp"}},
		{"ARM ROM", armROM, linux(boot.ARM64), all(), []string{"uefi-arm64-ipxe", "uefi-tftp"}},
		{"ARM HTTP Boot", armHTTP, linux(boot.ARM64), all(), []string{"uefi-http", "uefi-arm64-http-ipxe"}},
		{"ARM ROM, x64 kernel", armROM, linux(boot.X64), all(), nil},
		{"32-bit ARM ROM", arm32ROM, linux(boot.ARM), all(), []string{"uefi-tftp"}},
		{"RISC-V ROM", riscROM, linux(boot.RISCV64), all(), []string{"uefi-riscv64-ipxe", "uefi-tftp"}},
		{"LoongArch ROM", loongROM, linux(boot.LOONG64), all(), []string{"uefi-loong64-ipxe", "uefi-tftp"}},
		{"IA32 ROM, 32-bit kernel", ia32ROM, linux(boot.X86), all(), []string{"uefi-tftp"}},
		{"IA32 ROM, 64-bit kernel", ia32ROM, able(boot.X64, boot.Abilities{EFIStub: true, EFIMixed: true}), all(), []string{"uefi-tftp"}},
		{"IA32 HTTP Boot, 64-bit kernel", ia32HTTP, able(boot.X64, boot.Abilities{EFIStub: true, EFIMixed: true}), all(), []string{"uefi-http"}},
		{"BIOS ROM, NBP", biosROM, flat(), all(), []string{"bios-nbp"}},
		{"BIOS iPXE, NBP", biosIPXE, flat(), all(), []string{"ipxe-http", "ipxe-tftp"}},
		{"BIOS iPXE without HTTP, NBP", biosBare, flat(), all(), []string{"ipxe-tftp"}},
		{"BIOS iPXE without bzImage, NBP", noBzImage, flat(), all(), []string{"ipxe-http", "ipxe-tftp"}},
		{"UEFI ROM, NBP", uefiROM, flat(), all(), nil},
		{"BIOS ROM, folder", biosROM, folder(), all(), []string{"bios-nbp"}},
		{"UEFI ROM, folder", uefiROM, folder(), all(), []string{"uefi-tftp"}},
		{"UEFI ROM over IPv6, folder", overIPv6, folder(), all(), []string{"uefi-tftp6"}},
		{"UEFI HTTP Boot, folder with a GRUB that has no network then", uefiHTTP, folder(), all(), nil},
		{"UEFI HTTP Boot, folder", armHTTP, folder(), all(), []string{"uefi-http"}},
		{"UEFI iPXE, folder", uefiIPXE, folder(), all(), []string{"ipxe-http", "ipxe-tftp"}},
		{"Secure Boot, folder with a shim", secure, folder(), all(), []string{"uefi-tftp"}},
		{"UEFI ROM beside another host's DHCP server, folder with an old GRUB", proxied(uefiROM), folder(), all(), nil},
		{"BIOS ROM, folder with a configuration alone", biosROM, configured(), all(), []string{"bios-lpxelinux", "bios-pxelinux"}},
		{"BIOS ROM, folder with a configuration and a loader for it", biosROM, configured(folder().Content.(boot.Folder).Programs...), all(), []string{"bios-nbp"}},
		{"UEFI ROM, folder with a configuration alone", uefiROM, configured(), all(), []string{"uefi-x64-syslinux"}},
		{"IA32 ROM, folder without a loader for it", ia32ROM, folder(), all(), nil},
		{"ARM iPXE, x64 kernel", armIPXE, linux(boot.X64), all(), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ladder := Routes(tt.client, tt.payload, tt.host)
			if got := names(ladder); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if len(tt.want) == 0 && ladder.Obstacle(tt.client) == "" {
				t.Error("no route, and no word why")
			}
		})
	}
}

func flat() boot.Payload {
	return boot.Payload{Content: boot.NBP{Program: boot.File{Source: "/x/my.nbp"}}}
}

// folder has loaders for three kinds of machines.
func folder() boot.Payload {
	return boot.Payload{Content: boot.Folder{Dir: "/srv/netboot", Kernels: []string{"a/vmlinuz"}, Programs: []boot.Program{
		{Name: "pxelinux.0", Firmware: boot.BIOS, Arch: boot.X86},
		{Name: "a/b/shimx64.efi", Firmware: boot.UEFI, Arch: boot.X64, Signed: true, Loader: boot.GRUB, Reaches: boot.CanTFTP},
		{Name: "loader.efi", Firmware: boot.UEFI, Arch: boot.ARM64},
	}}}
}

// configured is a folder with a pxelinux.cfg.
func configured(programs ...boot.Program) boot.Payload {
	return boot.Payload{Content: boot.Folder{Dir: "/srv/configured", Configured: true, Programs: programs}}
}

func proxied(c boot.Client) boot.Client {
	c.Proxied = true
	return c
}

// What a payload brings is given out under its own name, and what it is there follows
// from that; a BIOS without anything for it is told so, and not that iPXE is no way.
func TestBrought(t *testing.T) {
	for _, tt := range []struct {
		client  boot.Client
		payload boot.Payload
		give    string
		role    Role
	}{
		{biosROM, flat(), "my.nbp", Kernel},
		{biosROM, folder(), "pxelinux.0", NBP},
		{uefiROM, folder(), "a/b/shimx64.efi", NBP},
		{biosIPXE, folder(), IPXEScript, Script},
	} {
		if r, ok := Routes(tt.client, tt.payload, all()).Pick(nil); !ok || r.Give != tt.give || r.Role != tt.role {
			t.Errorf("%s: %+v", tt.client.Platform(), r)
		}
	}
	bare := folder().Content.(boot.Folder)
	bare.Kernels = nil
	if got := RoleOf(bare, "pxelinux.0"); got != Kernel {
		t.Errorf("the program of a folder without a kernel is a %s", got)
	}
	for c, want := range map[boot.Client]string{ia32ROM: "the folder netboot has no loader for UEFI x86", uefiHTTP: "no network once HTTP Boot has started it"} {
		if got := Routes(c, folder(), all()).Obstacle(c); !strings.Contains(got, want) {
			t.Errorf("%s: %s", c.Platform(), got)
		}
	}
	if got := Routes(uefiROM, flat(), all()).Obstacle(uefiROM); got != "my.nbp is a program for a BIOS, and the machine has none" {
		t.Error(got)
	}
}

// able is a Linux kernel that was looked into.
func able(arch boot.Arch, a boot.Abilities) boot.Payload {
	a.Known = true
	return boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}, Arch: arch, Abilities: a}}
}

// What a kernel can't do is said before a machine finds out. BIOS needs no EFI
// stub, and a kernel that nobody has looked into is believed to be able to
// everything.
func TestUnfitKernels(t *testing.T) {
	stub, none, packed := boot.Abilities{EFIStub: true}, boot.Abilities{}, boot.Abilities{EFIStub: true, Compression: "gzip"}
	tests := []struct {
		name    string
		client  boot.Client
		payload boot.Payload
		why     string // nothing for a kernel that boots
	}{
		{"a stub on UEFI", uefiROM, able(boot.X64, stub), ""},
		{"no stub on UEFI", uefiROM, able(boot.X64, none), "no EFI stub"},
		{"no stub on UEFI, iPXE speaking", uefiIPXE, able(boot.X64, none), "no EFI stub"},
		{"no stub, of unknown architecture", uefiROM, able("", none), "no EFI stub"},
		{"no stub on BIOS", biosROM, able(boot.X64, none), ""},
		{"not looked into", uefiROM, linux(boot.X64), ""},
		{"compressed, for iPXE on ARM", armIPXE, able(boot.ARM64, packed), ""},
		{"compressed, for HTTP Boot, where Spur unpacks it", uefiHTTP, able(boot.X64, packed), ""},
		{"compressed without a stub", armIPXE, able(boot.ARM64, boot.Abilities{Compression: "gzip"}), "no EFI stub"},
		{"64 bits on firmware of 32", ia32ROM, able(boot.X64, boot.Abilities{EFIStub: true, EFIMixed: true}), ""},
		{"64 bits on firmware of 32, iPXE speaking", ia32IPXE, able(boot.X64, boot.Abilities{EFIStub: true, EFIMixed: true}), "iPXE of 32 bits"},
		{"64 bits without mixed mode on firmware of 32", ia32ROM, able(boot.X64, stub), "CONFIG_EFI_MIXED"},
		{"compressed, for another", uefiIPXE, able("", packed), ""},
		{"a script", uefiIPXE, boot.Payload{Content: boot.Script{}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ladder := Routes(tt.client, tt.payload, all())
			if got := len(ladder.Routes) > 0; got != (tt.why == "") {
				t.Fatalf("routes %v, rejected %v", names(ladder), ladder.Rejected)
			}
			if !strings.Contains(ladder.Obstacle(tt.client), tt.why) {
				t.Errorf("the obstacle is %q", ladder.Obstacle(tt.client))
			}
			for _, r := range ladder.Rejected {
				if tt.why != "" && !strings.Contains(r.Why, tt.why) {
					t.Errorf("%s is rejected because %q", r.Name, r.Why)
				}
			}
		})
	}
}

// An iPXE that says that it can't start a kernel is given one that can, never
// a script that it would fail at: VirtualBox's ROM has no bzImage.
func TestIPXEThatCannotStartKernels(t *testing.T) {
	noBzImage, noEFI := biosIPXE, uefiIPXE
	noBzImage.Features, noEFI.Features = boot.CanHTTP|boot.CanTFTP, boot.CanHTTP|boot.CanTFTP
	for c, want := range map[boot.Client]string{noBzImage: "bios-ipxe-undionly", noEFI: "uefi-x64-ipxe-snponly"} {
		ladder := Routes(c, linux(boot.X64), all())
		if got := names(ladder); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: got %v, want %s", c.Platform(), got, want)
		}
		if got := names(Routes(c, linux(boot.X64), Host{})); len(got) != 0 {
			t.Errorf("%s without a loader of ours: got %v", c.Platform(), got)
		}
	}
}

// Programs that no route is for are told apart, and each hears its own reason.
func TestNotYet(t *testing.T) {
	for l, want := range map[boot.Loader]string{boot.GRUB: "grub", boot.PXELINUX: "pxelinux"} {
		c := boot.Client{Proto: boot.PXE, Loader: l}
		ladder := Routes(c, linux(boot.ARM64), all())
		if len(ladder.Routes) > 0 || !strings.Contains(ladder.Obstacle(c), want) || !strings.Contains(ladder.Obstacle(c), "yet") {
			t.Errorf("%s: %v, %q", l, names(ladder), ladder.Obstacle(c))
		}
	}
}

func names(l Ladder) []string {
	var names []string
	for _, r := range l.Routes {
		names = append(names, r.Name)
	}
	return names
}

func without(h Host, name string) Host {
	h.Loaders = slices.DeleteFunc(h.Loaders, func(b Binary) bool { return b.File == name })
	return h
}

func signing(h Host) Host {
	h.Signs = true
	return h
}

// Every line of a table leads somewhere, and names what the other tables have.
func TestTablesAreSound(t *testing.T) {
	ids, names := map[uint16]string{}, map[string]bool{}
	for _, e := range Entries() {
		r := e.route()
		if names[e.Name] || ids[r.ID()] != "" {
			t.Errorf("%s: another entry has its name or its number (%s)", e.Name, ids[r.ID()])
		}
		names[e.Name], ids[r.ID()] = true, e.Name
		if back, ok := ByID(r.ID()); !ok || back != r {
			t.Errorf("%s is found again as %+v", e.Name, back)
		}
		l := FindLoader(e.Loader)
		mac := e.Speaker == boot.Apple && e.Loader == boot.ROM // its firmware is UEFI's
		built := slices.ContainsFunc(l.Builds, func(b Build) bool {
			return b.File == e.Build && b.Firmware == e.Firmware && b.Arch == e.Arch || e.Firmware == boot.BIOS && b.File == e.Build
		}) || e.Shim && e.Build == ShimFile || l.byKind() && slices.Contains([]string{GRUBForBIOS, GRUBForUEFI, LegacyProgram, RAMDiskProgram}, e.Build)
		speaks := e.Speaker == e.Loader || e.Speaker == boot.UBoot && e.Loader == boot.UBootEFI || mac
		if e.Why == "" || e.Via == "" || l.Name == "" || e.Build != "" && !built || e.Build == "" && !speaks {
			t.Errorf("the entry %s has a blank, or names a loader that is not in its table", e.Name)
		}
		if e.Build == "" && !slices.Contains(l.Fetches, e.Via) {
			t.Errorf("%s: %s doesn't fetch over %s", e.Name, l.Name, e.Via)
		}
		if f, ok := r.File(r.Give); !ok || f.Role != r.Role {
			t.Errorf("%s does not declare the file that it gives", e.Name)
		}
	}
	for _, l := range Loaders() {
		if l.Kind == "" && len(l.Builds) > 0 || (l.Next == File{}) != (len(l.Brings) == 0) || (len(l.Fetches) == 0) != (len(l.Brings) == 0) {
			t.Errorf("the loader %s has a blank", l.Name)
		}
		for _, form := range l.Brings {
			if !slices.ContainsFunc(Forms(), func(f FormRow) bool { return f.Form == form }) {
				t.Errorf("%s brings %s, which is no form of anything", l.Name, form)
			}
		}
	}
}

// The names stand in people's notes, in what the timeline remembers, and in
// their order in README.
func TestNamesAndOrder(t *testing.T) {
	want := []string{
		"ipxe-http", "bios-ipxe-undionly", "uefi-x64-ipxe-snponly", "ipxe-https", "ipxe-tftp", "bios-undionly", "bios-ipxe", "bios-lpxelinux", "bios-pxelinux", "bios-nbp",
		"uefi-tftp6", "uefi-ramdisk", "uefi-x64-snponly", "uefi-arm64-ipxe", "uefi-riscv64-ipxe", "uefi-loong64-ipxe", "uefi-shim-ipxe", "uefi-medium-shim-grub", "uefi-shim-grub",
		"uefi-x64-ipxe", "uefi-x64-direct", "uefi-xen-ramdisk", "uefi-tftp", "uefi-x64-syslinux", "bios-grub", "bios-grub-legacy", "bios-ipxe-grub", "bios-gpxe-http", "bios-gpxe-tftp", "bios-gpxe-undionly", "bios-gpxe-grub", "uefi-grub", "uefi-whole",
		"uefi-http", "uefi-https", "uefi-http-shim-ipxe", "uefi-http-medium-shim-grub", "uefi-http-shim-grub", "uefi-https-shim-grub", "uefi-x64-http-snponly", "uefi-arm64-http-ipxe", "uefi-http-grub", "uefi-http-whole",
		"rpi-tftp", "uboot-script", "uboot-efi", "uboot-pxelinux",
		"apple-netboot", "apple-snponly", "apple-efi",
	}
	var got []string
	for _, e := range Entries() {
		got = append(got, e.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// A client that has been given a loader must not be given the same loader
// again once that loader speaks: the boot would go in circles.
func TestLoopFree(t *testing.T) {
	for _, c := range []boot.Client{biosROM, uefiROM, biosBare} {
		for _, r := range Routes(c, linux(boot.X64), all()).Routes {
			if r.Role != NBP || r.Loader != boot.IPXE {
				continue
			}
			next := c
			next.Loader, next.Features = boot.IPXE, boot.UsualIPXE
			then, ok := Routes(next, linux(boot.X64), all()).Pick(nil)
			if !ok || then.Role != Script {
				t.Errorf("%s leads to %v, not to a script", r.Name, then)
			}
		}
	}
}

func TestPick(t *testing.T) {
	l := Ladder{Routes: []Route{{Name: "a"}, {Name: "b"}, {Name: "c"}}}
	tests := []struct {
		failed []string
		want   string
	}{
		{nil, "a"},
		{[]string{"a"}, "b"},
		{[]string{"b"}, "a"},
		{[]string{"b", "a"}, "c"},
		{[]string{"b", "c", "a"}, "b"},
		{[]string{"a", "b", "c"}, "a"},
		{[]string{"elsewhere"}, "a"},
	}
	for _, tt := range tests {
		if got, ok := l.Pick(tt.failed); !ok || got.Name != tt.want {
			t.Errorf("failed %v: got %s, want %s", tt.failed, got.Name, tt.want)
		}
	}
	if _, ok := (Ladder{}).Pick(nil); ok {
		t.Error("an empty ladder has a rung")
	}
}

// Whoever is said to be supported has a route.
func TestSupported(t *testing.T) {
	want := []string{"any machine whose iPXE asks", "BIOS over PXE", "UEFI x64 over PXE", "UEFI over PXE", "UEFI arm64 over PXE", "UEFI riscv64 over PXE", "UEFI loong64 over PXE", "UEFI over HTTP", "UEFI x64 over HTTP", "UEFI arm64 over HTTP", "Raspberry Pi over PXE", "U-Boot over PXE", "Macs over BSDP"}
	if got := Supported(); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// Macs are given the booter of their architecture, or what stands for one.
func TestMacs(t *testing.T) {
	mac := func(f boot.Firmware, a boot.Arch) boot.Client {
		return boot.Client{Firmware: f, Arch: a, Proto: boot.BSDP, Loader: boot.Apple}
	}
	image := boot.Payload{Content: boot.NetBoot{Images: []boot.NetBootImage{{
		Dir: "/x/Mac.nbi", Index: 1, Booters: []boot.Booter{{Arch: "i386"}}, Root: boot.File{Source: "/x/Mac.nbi/root.dmg"},
	}}}}
	withoutHTTP := all()
	withoutHTTP.WithoutHTTP = true
	for _, tt := range []struct {
		c    boot.Client
		p    boot.Payload
		h    Host
		want string
	}{
		{mac(boot.UEFI, boot.X64), image, all(), "apple-netboot"},
		{mac(boot.UEFI, boot.X86), image, all(), "apple-netboot"},
		{mac(boot.OpenFirmware, boot.PPC), image, all(), ""},
		{mac(boot.UEFI, boot.X64), image, withoutHTTP, ""},
		{mac(boot.UEFI, boot.X64), linux(boot.X64), all(), "apple-snponly apple-efi"},
		{mac(boot.OpenFirmware, boot.PPC), linux(boot.X64), all(), ""},
		{boot.Client{Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM}, image, all(), ""},
	} {
		ladder := Routes(tt.c, tt.p, tt.h)
		if got := strings.Join(names(ladder), " "); got != tt.want || got == "" && ladder.Obstacle(tt.c) == "" {
			t.Errorf("%+v into %s: %q, %s", tt.c, tt.p.Title(), got, ladder.Obstacle(tt.c))
		}
	}
}

// With Secure Boot on only the shim of a folder starts its GRUB, which no iPXE lets it do.
func TestFolderOfShimUnderIPXE(t *testing.T) {
	p := boot.Payload{Content: boot.Folder{Dir: "/srv/netboot", Programs: []boot.Program{
		{Name: "shimx64.efi", Firmware: boot.UEFI, Arch: boot.X64, Signed: true, Starts: "grubx64.efi", Loader: boot.GRUB, Reaches: boot.CanTFTP},
	}}}
	c := boot.Client{Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.IPXE, Features: boot.UsualIPXE}
	if l := Routes(c, p, Host{}); len(l.Routes) == 0 {
		t.Errorf("without Secure Boot it has none: %s", l.Obstacle(c))
	}
	if l := Routes(c, p, Host{SecureBoot: SecureBootOn}); len(l.Routes) > 0 || !strings.Contains(l.Obstacle(c), "grubx64.efi is started by a shim") {
		t.Errorf("with it: %+v, %s", l.Routes, l.Obstacle(c))
	}
	c.Loader, c.Features = boot.ROM, 0
	if l := Routes(c, p, Host{SecureBoot: SecureBootOn}); len(l.Routes) == 0 {
		t.Errorf("its ROM has none: %s", l.Obstacle(c))
	}
}
