package outlook

import (
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// What is foreseen is what happens: beside another DHCP server GRUB 2.06 is given to
// nobody, which the start says in one line, with the remedy, and the dry run in its
// table.
func TestWithoutWay(t *testing.T) {
	const shim, grub = "usr/lib/shim/shimx64.efi.signed", "usr/lib/grub/*/grubnetx64.efi.signed"
	old := loadersIn(t, map[string]string{"shim-signed": shim, "grub-efi-amd64-signed": grub})
	revoked := loadersIn(t, map[string]string{"shim-signed": shim, "grub-efi-amd64-signed/bookworm-backports": grub})
	fine := loadersIn(t, map[string]string{"shim-signed": shim, "grub-efi-amd64-signed/trixie": grub})
	ipxe := route.Binary{Build: route.Build{File: "snponly.efi", Firmware: boot.UEFI, Arch: boot.X64}, Identity: route.Identity{Kind: route.KindIPXE}}
	linux := func(arch boot.Arch) Target {
		return Target{Payload: boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "vmlinuz"}, Arch: arch, Abilities: boot.Abilities{Known: true, EFIStub: true, Signed: true}}}}
	}
	on := func(have route.Binaries) route.Host {
		return route.Host{SecureBoot: route.SecureBootOn, Loaders: append(slices.Clone(have), ipxe)}
	}
	off := on(old)
	off.RootOnly = true
	folder := Target{Payload: boot.Payload{Content: boot.Folder{Dir: "/d", Programs: []boot.Program{
		{Name: "pxelinux.0", Firmware: boot.BIOS, Arch: boot.X86},
		{Name: "a/shim.efi", Firmware: boot.UEFI, Arch: boot.X64, Signed: true, Starts: "a/grubx64.efi", Loader: boot.GRUB, Reaches: boot.CanTFTP},
	}}}}
	both := linux(boot.X64)
	both.Others = []ForArch{{Arch: boot.ARM64, Payload: linux(boot.ARM64).Payload}}
	for _, tt := range []struct {
		name string
		Outlook
		target Target
		want   []string // parts of the lines
		table  string
	}{
		{"GRUB 2.06 beside another DHCP server", Outlook{Host: on(old), Proxied: true}, linux(boot.X64),
			[]string{"no UEFI x64 machine can be booted by its ROM or HTTP Boot, unless it has an iPXE of its own: grubnetx64.efi.signed (GRUB 2.06|--dhcp server|Debian 13's grub-efi-amd64-signed"}, "host of the DHCP server"},
		{"GRUB 2.06 on the DHCP server's host", Outlook{Host: on(old), Proxied: false}, linux(boot.X64), nil, "(uefi-shim-grub)"},
		{"GRUB 2.12", Outlook{Host: on(fine), Proxied: true}, linux(boot.X64), nil, "(uefi-shim-grub)"},
		{"a revoked GRUB", Outlook{Host: on(revoked), Proxied: true}, linux(boot.X64), []string{"it is revoked|take a newer one"}, "it is revoked"},
		{"a folder's GRUB 2.06 beside another DHCP server", Outlook{Host: route.Host{}, Proxied: true}, folder,
			[]string{"no UEFI x64 machine can be booted by its ROM or HTTP Boot, unless it has an iPXE of its own: a/shim.efi looks for|run Spur on that host|put grubnetx64.efi.signed of Debian 13's grub-efi-amd64-signed into the folder as a/grubx64.efi"}, "host of the DHCP server"},
		{"a folder's GRUB 2.06 on the DHCP server's host", Outlook{Host: route.Host{}}, folder, nil, "(uefi-tftp)"},
		{"without DHCP", Outlook{Host: off, Proxied: false}, linux(boot.X64), []string{"only an offer of Spur's own names shim.efi"}, "names shim.efi, and with --dhcp off it makes none"},
		{"Secure Boot auto", Outlook{Host: route.Host{Loaders: append(old, ipxe)}, Proxied: true}, linux(boot.X64), nil, "(uefi-x64-snponly)"},
		{"arm64 without loaders", Outlook{Host: route.Host{Loaders: route.Binaries{ipxe}}, Proxied: true}, linux(boot.ARM64),
			[]string{"no UEFI arm64 machine can be booted by its ROM or HTTP Boot, unless it has an iPXE of its own: ipxe-arm64.efi was not found on this host; Debian has it in package ipxe"}, "ipxe-arm64.efi was not found"},
		{"--for arm64 without loaders", Outlook{Host: on(fine), Proxied: true}, both, []string{"no UEFI arm64 machine can be booted by its ROM or HTTP Boot, unless it has an iPXE of its own: no shim for UEFI arm64|shim-signed"}, "(uefi-shim-grub)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.WithoutWay(tt.target)
			if len(got) != len(tt.want) {
				t.Fatalf("got %q", got)
			}
			for i, parts := range tt.want {
				for part := range strings.SplitSeq(parts, "|") {
					if !strings.Contains(got[i], part) {
						t.Errorf("%q is not in %q", part, got[i])
					}
				}
			}
			lines, err := tt.Given(tt.target)
			rom := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "UEFI") })
			if err != nil || !strings.Contains(lines[rom], tt.table) {
				t.Errorf("the table says %q, %v", lines, err)
			}
		})
	}
}
