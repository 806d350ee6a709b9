package route

import (
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/efi/sbat"
)

// debianShim is Debian's shim 16.1.
func debianShim(arch boot.Arch) Binary {
	return Binary{
		Build: Build{"shim.signed", boot.UEFI, arch}, Path: "/usr/lib/shim/shim.signed",
		Identity: Identity{
			Kind: KindShim, Firmware: boot.UEFI, Arch: arch, Version: "16.1",
			Signatures: []Signature{{Signer: "S", Issuer: MicrosoftCA2011}}, Vouches: []string{"Debian Secure Boot CA"},
			Levels: &sbat.Levels{Previous: sbat.Level{Date: "2025021800", Demands: []sbat.Demand{{Component: "grub", Generation: 5}}}},
		},
	}
}

// debianGRUB is a GRUB of Debian's for the network.
func debianGRUB(arch boot.Arch, version string, generation int, can boot.Features) Binary {
	return Binary{
		Build: Build{"grub.signed", boot.UEFI, arch}, Path: "/usr/lib/grub/signed/" + version,
		Identity: Identity{
			Kind: KindGRUB, Firmware: boot.UEFI, Arch: arch, Version: version, Features: can, Prefix: "/grub",
			Signatures: []Signature{{Signer: "Debian Secure Boot Signer 2022 - grub2", Issuer: "Debian Secure Boot CA"}},
			SBAT:       []sbat.Entry{{Component: "grub", Generation: generation}},
		},
	}
}

const (
	old   = boot.CanTFTP | boot.CanEFI | boot.CanBzImage
	newer = old | boot.CanHTTP | boot.CanAfterHTTPBoot | boot.CanProxyDHCP
)

// What is missing is told with the package that has it.
func TestNoChain(t *testing.T) {
	fedora := Distribution{"Fedora Linux", Fedora, boot.X64}
	for _, tt := range []struct {
		entry string
		host  Host
		want  string
	}{
		{"uefi-shim-grub", Host{}, "no shim for UEFI x64 was found on this host; Debian has it in package shim-signed"},
		{"uefi-shim-grub", Host{Distribution: fedora, Loaders: Binaries{debianShim(boot.X64)}}, "no GRUB for UEFI x64 that a shim of this host starts was found; Fedora Linux has it in package grub2-efi-x64"},
		{"uefi-shim-ipxe", Host{}, "no shim for UEFI x64 was found on this host; iPXE 2 brings one: give its files to spur loader import"},
	} {
		if got, _ := tt.host.noChain(entry(tt.entry), uefiROM); got != tt.want {
			t.Errorf("%s: %s", tt.entry, got)
		}
	}
}

func TestChains(t *testing.T) {
	shim, arm := debianShim(boot.X64), debianShim(boot.ARM64)
	bookworm, backports, trixie := debianGRUB(boot.X64, "2.06-13+deb12u2", 5, old), debianGRUB(boot.X64, "2.12-1~bpo12+1", 4, newer), debianGRUB(boot.X64, "2.12-9+deb13u4", 7, newer)
	disk := debianGRUB(boot.X64, "2.06-13+deb12u2", 5, boot.CanEFI)
	foreign := debianGRUB(boot.X64, "2.12-40.fc43", 7, newer)
	foreign.Identity.Signatures[0].Issuer = "Fedora Secure Boot CA"
	stranger := foreign
	stranger.Path = "/usr/lib/shim/grubx64.efi" // put beside the shim by the operator
	ipxe := Binary{Path: "/srv/ipxe/ipxe.efi", Identity: Identity{
		Kind: KindIPXE, Firmware: boot.UEFI, Arch: boot.X64, Version: "2.0", Signatures: []Signature{{Signer: "iPXE"}}, SBAT: []sbat.Entry{{Component: "ipxe", Generation: 1}},
	}}
	unsigned := ipxe
	unsigned.Identity.Signatures = nil
	ipxeShim := shim
	ipxeShim.Path = "/srv/ipxe/ipxe-shimx64.efi"
	tests := []struct {
		name   string
		loader boot.Loader
		have   Binaries
		via    Via
		want   string // the version of the second stage
		why    string
	}{
		{"nothing", boot.GRUB, nil, TFTP, "", "no shim for UEFI x64 was found on this host"},
		{"a shim alone", boot.GRUB, Binaries{shim}, TFTP, "", "no GRUB for UEFI x64 that a shim of this host starts"},
		{"a shim of another architecture", boot.GRUB, Binaries{arm, bookworm}, TFTP, "", "no shim for UEFI x64"},
		{"2.06 over TFTP", boot.GRUB, Binaries{shim, bookworm}, TFTP, "2.06-13+deb12u2", ""},
		{"2.06 over HTTP", boot.GRUB, Binaries{shim, bookworm}, HTTP, "", "no network once HTTP Boot"},
		{"revoked", boot.GRUB, Binaries{shim, backports}, TFTP, "", "say grub,4, and the level 2025021800 demands grub,5"},
		{"revoked, and an older that is not", boot.GRUB, Binaries{shim, backports, bookworm}, TFTP, "2.06-13+deb12u2", ""},
		{"the newest", boot.GRUB, Binaries{shim, bookworm, trixie, backports}, TFTP, "2.12-9+deb13u4", ""},
		{"over HTTP", boot.GRUB, Binaries{shim, bookworm, trixie}, HTTP, "2.12-9+deb13u4", ""},
		{"for disks only", boot.GRUB, Binaries{shim, disk}, TFTP, "", "can't fetch over TFTP"},
		{"of another vendor", boot.GRUB, Binaries{shim, foreign, bookworm}, TFTP, "2.06-13+deb12u2", ""},
		{"put together by the operator", boot.GRUB, Binaries{shim, stranger}, HTTP, "2.12-40.fc43", ""},
		{"iPXE without a shim of its own", boot.IPXE, Binaries{shim, bookworm, ipxe}, TFTP, "", "no iPXE for UEFI x64"},
		{"iPXE without a signature", boot.IPXE, Binaries{ipxeShim, unsigned}, HTTP, "", "no iPXE for UEFI x64"},
		{"iPXE with one", boot.IPXE, Binaries{ipxeShim, ipxe}, HTTP, "2.0", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, why := tt.have.Chain(Route{Loader: tt.loader, Via: tt.via}, uefiROM)
			if got.Second.Identity.Version != tt.want || (why == "") != (tt.why == "") || !strings.Contains(why, tt.why) {
				t.Errorf("got %s, %q", got.Second.Identity.Version, why)
			}
		})
	}
}

// The package that a remedy names is one that Debian has.
func TestSignedGRUBPackage(t *testing.T) {
	for arch, want := range map[boot.Arch]string{boot.X86: "ia32", boot.X64: "amd64", boot.ARM64: "arm64"} {
		client := boot.Client{Firmware: boot.UEFI, Arch: arch, Proto: boot.PXE, Loader: boot.ROM, Proxied: true}
		have := Binaries{debianShim(arch), debianGRUB(arch, "2.06-13+deb12u2", 5, old)}
		for _, via := range []Via{HTTP, TFTP} {
			if _, why := have.Chain(Route{Loader: boot.GRUB, Via: via}, client); !strings.Contains(why, "Debian 13's grub-efi-"+want+"-signed") {
				t.Errorf("%s over %s: %s", arch, via, why)
			}
		}
	}
}

// Where another host gives the addresses, GRUB 2.06 asks that one for its
// configuration: seen with Debian's, which stops at its prompt.
func TestProxied(t *testing.T) {
	proxied := uefiROM
	proxied.Proxied = true
	shim, bookworm, trixie := debianShim(boot.X64), debianGRUB(boot.X64, "2.06", 5, old), debianGRUB(boot.X64, "2.12", 7, newer)
	if _, why := (Binaries{shim, bookworm}).Chain(entry("uefi-shim-grub").route(), proxied); !strings.Contains(why, "host of the DHCP server") {
		t.Errorf("2.06: %q", why)
	}
	for _, c := range []boot.Client{proxied, uefiROM} {
		chain, why := Binaries{shim, bookworm, trixie}.Chain(entry("uefi-shim-grub").route(), c)
		if chain.Second.Identity.Version != "2.12" {
			t.Errorf("got %s, %q", chain.Second.Identity.Version, why)
		}
	}
}

// A machine that refuses one shim is given another, which somebody else has signed.
func TestOtherShims(t *testing.T) {
	first, second := debianShim(boot.X64), debianShim(boot.X64)
	first.Sum, second.Sum = [32]byte{1}, [32]byte{2}
	second.Identity.Version, second.Path = "15.8", "/srv/shimx64.efi"
	host := Host{SecureBoot: SecureBootOn, Loaders: Binaries{first, second, debianGRUB(boot.X64, "2.06", 5, old)}}
	ladder := Routes(uefiROM, able(boot.X64, boot.Abilities{EFIStub: true, Signed: true}), host)
	if got := names(ladder); !slices.Equal(got, []string{"uefi-shim-grub", "uefi-shim-grub@15.8"}) {
		t.Fatalf("got %v", got)
	}
	for i, want := range []Binary{first, second} {
		if chain, why := host.Loaders.Chain(ladder.Routes[i], uefiROM); chain.Shim.Sum != want.Sum {
			t.Errorf("%s gives %s, %s", ladder.Routes[i].Name, chain.Shim.Path, why)
		}
	}
}

// What the operator says of Secure Boot moves the chains in the ladder.
func TestSecureBootModes(t *testing.T) {
	signed := able(boot.X64, boot.Abilities{EFIStub: true, Signed: true})
	for mode, want := range map[SecureBoot][]string{
		"":             {"uefi-x64-snponly", "uefi-shim-grub", "uefi-x64-ipxe", "uefi-x64-direct", "uefi-tftp", "uefi-x64-syslinux", "uefi-grub"},
		SecureBootAuto: {"uefi-x64-snponly", "uefi-shim-grub", "uefi-x64-ipxe", "uefi-x64-direct", "uefi-tftp", "uefi-x64-syslinux", "uefi-grub"},
		SecureBootOn:   {"uefi-shim-grub"},
		SecureBootOff:  {"uefi-x64-snponly", "uefi-x64-ipxe", "uefi-x64-direct", "uefi-tftp", "uefi-x64-syslinux", "uefi-grub", "uefi-shim-grub"},
	} {
		host := all()
		host.SecureBoot = mode
		host.Loaders = append(host.Loaders, debianShim(boot.X64), debianGRUB(boot.X64, "2.06", 5, old))
		if got := names(Routes(uefiROM, signed, host)); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", mode, got, want)
		}
	}
	host := Host{SecureBoot: SecureBootOn, Loaders: Binaries{debianShim(boot.X64), debianGRUB(boot.X64, "2.06", 5, old)}}
	unsigned := Routes(uefiROM, able(boot.X64, boot.Abilities{EFIStub: true}), host)
	if len(unsigned.Routes) > 0 || !strings.Contains(unsigned.Obstacle(uefiROM), "isn't signed") {
		t.Errorf("an unsigned kernel is offered by %v, %q", names(unsigned), unsigned.Obstacle(uefiROM))
	}
	if got := names(Routes(biosIPXE, signed, host)); !slices.Contains(got, "ipxe-http") {
		t.Errorf("a BIOS, which knows no Secure Boot: %v", got)
	}
}

// A command line that GRUB would change is none for it.
func TestUnspeakable(t *testing.T) {
	host := Host{Loaders: Binaries{debianShim(boot.X64), debianGRUB(boot.X64, "2.06", 5, old)}}
	for text, want := range map[string]int{`quiet x="a b" {{ ID "it's" }}`: 2, `quiet x=it's`: 0} {
		cmdline, err := boot.ParseCmdline(text)
		if err != nil {
			t.Fatal(err)
		}
		p := boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}, Cmdline: cmdline}}
		if l := Routes(uefiROM, p, host); len(l.Routes) != want {
			t.Errorf("%s: %v %v", text, names(l), l.Rejected)
		}
	}
}

// Beside itself a shim asks for its second stage, by whatever name.
func TestSiblings(t *testing.T) {
	grub := entry("uefi-shim-grub")
	ipxe := entry("uefi-shim-ipxe")
	for name, want := range map[string]File{
		"shim.efi":                      {"shim.efi", NBP, boot.Shim},
		"grubx64.efi":                   {"grubx64.efi", NBP, boot.GRUB},
		"ipxe.efi":                      {"ipxe.efi", NBP, boot.GRUB},
		"\xeaonboard":                   {"\xeaonboard", NBP, boot.GRUB},
		"mmx64.efi":                     {"mmx64.efi", NBP, boot.MokManager},
		"MokManager.efi":                {"MokManager.efi", NBP, boot.MokManager},
		"grub.cfg":                      {"grub.cfg", Script, ""},
		"up":                            {"up", Beacon, ""},
		"revocations_sku.efi":           {},
		"shim_certificate_0.efi":        {},
		"command.lst":                   {},
		"grub.cfg-01-52-54-00-77-00-01": {},
		"x86_64-efi/command.lst":        {},
		"a/grubx64.efi":                 {},
	} {
		if got, _ := grub.route().File(name); got != want {
			t.Errorf("%q: got %+v", name, got)
		}
	}
	if f, ok := ipxe.route().File("snponly.efi"); !ok || f.Loader != boot.IPXE {
		t.Errorf("got %+v", f)
	}
	if f, ok := ipxe.route().File("autoexec.ipxe"); ok {
		t.Errorf("got %+v", f)
	}
	snponly := entry("uefi-x64-snponly")
	if f, ok := snponly.route().File("grubx64.efi"); ok {
		t.Errorf("a route without a shim has %+v", f)
	}
}

func entry(name string) Entry {
	all := Entries()
	i := slices.IndexFunc(all, func(e Entry) bool { return e.Name == name })
	return all[i]
}

// Where a machine with Secure Boot on can't be booted, the error says what is the
// nearest to work, and not what its first route lacks; and that keys of one's own
// would do, where they would.
func TestNearestObstacle(t *testing.T) {
	const keys = "; or have Spur sign with keys of yours (spur loader keys)"
	signed, unsigned := able(boot.X64, boot.Abilities{EFIStub: true, Signed: true}), able(boot.X64, boot.Abilities{EFIStub: true})
	proxied, v6, arm := uefiROM, uefiROM, uefiROM
	proxied.Proxied, v6.IPv6, arm.Arch = true, true, boot.ARM64
	shim, grub := debianShim(boot.X64), debianGRUB(boot.X64, "2.06", 5, old)
	script := boot.Payload{Content: boot.Script{}}
	for _, tt := range []struct {
		name    string
		client  boot.Client
		payload boot.Payload
		have    Binaries // beside an iPXE and a stub that aren't signed
		want    string
		keys    bool
	}{
		{"a GRUB that stops", proxied, signed, Binaries{shim, grub}, "looks for its configuration on the host of the DHCP server", true},
		{"no GRUB", uefiROM, signed, Binaries{shim}, "no GRUB for UEFI x64 that a shim of this host starts was found", true},
		{"nothing", uefiROM, signed, nil, "no shim for UEFI x64 was found on this host; Debian has it in package shim-signed", true},
		{"a kernel that isn't signed", uefiROM, unsigned, Binaries{shim, grub}, "isn't signed, and with Secure Boot no kernel starts that is not", true},
		{"a chain for IPv4", v6, signed, Binaries{shim, grub}, "Spur starts a GRUB by PXE over IPv4 alone; have the machine boot over IPv4", true},
		{"a script", uefiROM, script, Binaries{shim, grub}, "no iPXE for UEFI x64 that a shim of this host starts was found; iPXE 2 brings one", true},
		{"another architecture's kernel", arm, signed, Binaries{shim, grub}, "the machine is arm64", false},
	} {
		host := all()
		host.SecureBoot, host.Loaders = SecureBootOn, append(host.Loaders, tt.have...)
		got := Routes(tt.client, tt.payload, host).Obstacle(tt.client)
		if !strings.Contains(got, tt.want) || strings.HasSuffix(got, keys) != tt.keys {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}
