package route

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// mediumOf is a kernel out of an image whose own shim starts it, by a GRUB that can do
// that.
func mediumOf(signer string, can boot.Features) boot.Payload {
	image := boot.File{Source: "/srv/live.iso"}
	return boot.Payload{Content: boot.Linux{
		Kernel: boot.File{Source: image.Source, Inside: "live/vmlinuz"}, Arch: boot.X64, Abilities: boot.Abilities{Known: true, EFIStub: true, Signed: true},
		Medium: boot.Medium{
			Image: image,
			Whole: boot.Disk{Image: image, Layout: boot.LayoutISO, Bytes: 1 << 30, BIOS: true, EFI: []boot.DiskProgram{{Arch: boot.X64, Signed: true}}},
			Chains: []boot.MediumChain{{
				Arch: boot.X64, Shim: boot.File{Source: image.Source, Inside: boot.EFIImage + "EFI/BOOT/BOOTX64.EFI"}, GRUB: boot.File{Source: image.Source, Inside: boot.EFIImage + "EFI/BOOT/grubx64.efi"},
				ShimIs: "shim 15.8", Version: "2.12-40.fc43", Reaches: can, Signed: true, Signers: []string{signer},
			}},
		},
	}}
}

// An image's own shim and GRUB go before this host's, which don't know every kernel, and
// the whole image after all.
func TestMedium(t *testing.T) {
	debian := Binaries{debianShim(boot.X64), debianGRUB(boot.X64, "2.12-9+deb13u4", 7, newer)}
	fedora := debian[0]
	fedora.Path, fedora.Sum, fedora.Identity.Vouches = "/var/lib/spur/shimx64.efi", [32]byte{1, 2, 3, 4}, []string{"Fedora Secure Boot CA"}
	fedoraGRUB := debian[1]
	fedoraGRUB.Path, fedoraGRUB.Identity.Signatures = "/var/lib/spur/grubx64.efi", []Signature{{Signer: "Fedora Secure Boot Signer", Issuer: "Fedora Secure Boot CA"}}
	both := append(debian[:2:2], fedora, fedoraGRUB)
	ipxe := Binary{Build: Build{"snponly.efi", boot.UEFI, boot.X64}, Path: "/usr/lib/ipxe/snponly.efi", Identity: Identity{Kind: KindIPXE, Firmware: boot.UEFI, Arch: boot.X64}}
	pxe := boot.Client{Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM}
	proxied, http := pxe, pxe
	proxied.Proxied, http.Proto = true, boot.HTTP
	const debianCA, fedoraCA = "Debian Secure Boot CA", "Fedora Secure Boot CA"
	disc := boot.CanEFI | boot.CanBzImage | boot.CanAfterHTTPBoot
	more := mediumOf(fedoraCA, disc) // more was said of it
	linux, _ := more.Content.(boot.Linux)
	linux.Medium.Whole = boot.Disk{}
	more.Content = linux
	for _, tt := range []struct {
		name    string
		client  boot.Client
		payload boot.Payload
		secure  SecureBoot
		have    Binaries
		want    string
		why     string // why there is none, in part
	}{
		{"nothing on the host", pxe, mediumOf(fedoraCA, newer), SecureBootOn, nil, "uefi-medium-shim-grub", ""},
		{"over HTTP", http, mediumOf(fedoraCA, newer), SecureBootOn, nil, "uefi-http-medium-shim-grub uefi-http-whole", ""},
		{"a host of the same distribution", pxe, mediumOf(debianCA, newer), SecureBootOn, debian, "uefi-medium-shim-grub uefi-shim-grub", ""},
		{"a host of another", pxe, mediumOf(fedoraCA, newer), SecureBootOn, debian, "uefi-medium-shim-grub", ""},
		{"for discs, and a host of another", pxe, mediumOf(fedoraCA, disc), SecureBootOn, debian, "", "the GRUB on live.iso (2.12-40.fc43) has no network, as it is for discs; have the machine boot by UEFI HTTP Boot"},
		{"for discs, and a host of the same", pxe, mediumOf(debianCA, disc), SecureBootOn, debian, "uefi-shim-grub", ""},
		{"for discs, and its loaders imported", pxe, mediumOf(fedoraCA, disc), SecureBootOn, both, "uefi-shim-grub", ""},
		{"for discs over HTTP", http, mediumOf(fedoraCA, disc), SecureBootOn, debian, "uefi-http-whole", ""},
		{"for discs, and with arguments", pxe, more, SecureBootOn, nil, "", "as it is for discs; name the image alone, without an entry, initrds or arguments and have the machine boot by UEFI HTTP Boot, so that all of it boots, or give a shim"},
		{"for discs over HTTP, and with arguments", http, more, SecureBootOn, nil, "", "as it is for discs; name the image alone, without an entry, initrds or arguments, so that all of it boots"},
		{"an old one beside a DHCP server", proxied, mediumOf(fedoraCA, old), SecureBootOn, nil, "", "the GRUB on live.iso (2.12-40.fc43) looks for its configuration on the host of the DHCP server"},
		{"not known", pxe, mediumOf(fedoraCA, newer), SecureBootAuto, Binaries{ipxe}, "uefi-x64-snponly uefi-medium-shim-grub uefi-x64-direct", ""},
		{"off", pxe, mediumOf(fedoraCA, newer), SecureBootOff, append(Binaries{ipxe}, debian...), "uefi-x64-snponly uefi-x64-direct uefi-grub uefi-medium-shim-grub uefi-shim-grub", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			host := Host{Loaders: tt.have, SecureBoot: tt.secure}
			l := Routes(tt.client, tt.payload, host)
			if got := strings.Join(names(l), " "); got != tt.want {
				t.Errorf("it has the routes %s\n%+v", got, l.Rejected)
			}
			if why := l.Obstacle(tt.client); !strings.Contains(why, tt.why) || (why == "") != (tt.want != "") {
				t.Errorf("why: %s", why)
			}
		})
	}
	l := Routes(pxe, mediumOf(fedoraCA, disc), Host{Loaders: both, SecureBoot: SecureBootOn})
	if chain, why := both.Chain(l.Routes[0], pxe); why != "" || chain.Shim.Path != fedora.Path || chain.Second.Path != fedoraGRUB.Path {
		t.Errorf("it is started by %s and %s (%s)", chain.Shim.Path, chain.Second.Path, why)
	}
	l = Routes(pxe, mediumOf(fedoraCA, disc), Host{Loaders: debian, SecureBoot: SecureBootOn})
	for _, r := range l.Rejected {
		if r.Name == "uefi-shim-grub" && !strings.HasPrefix(r.Why, "shim.signed on this host doesn't know who signed the kernel of live.iso (Fedora Secure Boot CA)") {
			t.Error(r.Why)
		}
	}
}

// What is no part of a medium has no way by one, and none is told of.
func TestWithoutMedium(t *testing.T) {
	p := mediumOf("", newer)
	linux, _ := p.Content.(boot.Linux)
	linux.Medium = boot.Medium{}
	p.Content = linux
	l := Routes(uefiROM, p, Host{})
	for _, r := range l.Rejected {
		if strings.Contains(r.Name, "medium") || strings.Contains(r.Name, "whole") {
			t.Error(r)
		}
	}
}
