package outlook

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

func unpackedFile(t *testing.T, row, file string) string {
	t.Helper()
	path, err := lab.Unpacked(row, file)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// loadersIn are the loaders of rows of scripts/install, by the folder of each.
func loadersIn(t *testing.T, rows map[string]string) route.Binaries {
	t.Helper()
	var dirs []string
	for row, file := range rows {
		dirs = append(dirs, filepath.Dir(unpackedFile(t, row, file)))
	}
	found, err := loader.Find(nil, dirs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// What Secure Boot will refuse is told before the boot, in one line, and only if it
// concerns what is booted.
func TestRefusedPayload(t *testing.T) {
	const shim, grub = "usr/lib/shim/shimx64.efi.signed", "usr/lib/grub/*/grubnetx64.efi.signed"
	kernel := unpackedFile(t, "linux-image-cloud-amd64", "boot/vmlinuz-*")
	content, err := os.ReadFile(kernel)
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(t.TempDir(), "vmlinuz")
	content = bytes.Clone(content)
	content[len(content)/2] ^= 1
	if err := os.WriteFile(changed, content, 0o644); err != nil {
		t.Fatal(err)
	}
	linux := func(source string, signed bool) boot.Payload {
		return boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: source}, Arch: boot.X64, Abilities: boot.Abilities{Known: true, EFIStub: true, Signed: signed}}}
	}
	program := func(source string, signed bool) boot.Payload {
		return boot.Payload{Content: boot.EFI{Program: boot.File{Source: source}, Arch: boot.X64, Signed: signed}}
	}
	disk := func(signed bool) boot.Payload {
		return boot.Payload{Content: boot.Disk{Image: boot.File{Source: "/srv/disk.img"}, Layout: boot.LayoutGPT, Bytes: 64 << 20, EFI: []boot.DiskProgram{{Arch: boot.X64, Signed: signed}}}}
	}
	noStub := linux("vmlinuz", false)
	noStub.Content = boot.Linux{Kernel: boot.File{Source: "vmlinuz"}, Abilities: boot.Abilities{Known: true}}
	alone := loadersIn(t, map[string]string{"shim-signed": shim})
	revoked := loadersIn(t, map[string]string{"shim-signed": shim, "grub-efi-amd64-signed/bookworm-backports": grub})
	old := loadersIn(t, map[string]string{"shim-signed": shim, "grub-efi-amd64-signed": grub})
	fine := loadersIn(t, map[string]string{"shim-signed": shim, "grub-efi-amd64-signed/trixie": grub})
	for _, tt := range []struct {
		name    string
		payload boot.Payload
		host    route.Host
		want    string
		proxied bool
	}{
		{"unsigned kernel", linux("vmlinuz", false), route.Host{}, "vmlinuz isn't signed", false},
		{"unsigned program", program("x.efi", false), route.Host{}, "x.efi isn't signed", false},
		{"unsigned, Spur signs", linux("vmlinuz", false), route.Host{Signs: true}, "", false},
		{"unsigned, Secure Boot off", linux("vmlinuz", false), route.Host{SecureBoot: route.SecureBootOff}, "", false},
		{"no UEFI starts it anyway", noStub, route.Host{}, "", false},
		{"disk, unsigned", disk(false), route.Host{}, "can't boot disk.img: the program for UEFI x64 on disk.img isn't signed", false},
		{"disk, signed", disk(true), route.Host{}, "", false},
		{"disk, Spur signs", disk(false), route.Host{Signs: true}, "", false},
		{"disk for a BIOS alone", boot.Payload{Content: boot.Disk{Image: boot.File{Source: "/srv/disk.img"}, Bytes: 64 << 20, BIOS: true}}, route.Host{}, "", false},
		{"script", boot.Payload{Content: boot.Script{}}, route.Host{}, "", false},
		{"signed kernel, no loaders", linux(kernel, true), route.Host{}, "", false},
		{"signed kernel, shim alone", linux(kernel, true), route.Host{Loaders: alone}, "", false},
		{"signed kernel, chain", linux(kernel, true), route.Host{Loaders: fine}, "", false},
		{"signed kernel, GRUB 2.06", linux(kernel, true), route.Host{Loaders: old}, "", false},
		{"signed kernel, GRUB 2.06, addresses from elsewhere", linux(kernel, true), route.Host{Loaders: old}, "looks for its configuration on the host of the DHCP server", true},
		{"signed kernel, GRUB revoked", linux(kernel, true), route.Host{Loaders: revoked}, "its SBAT data say grub,4", false},
		{"wrong signature", linux(changed, true), route.Host{}, "its signature by Debian Secure Boot Signer 2022 - linux is wrong: it is for another file", false},
		{"revoked program", program(unpackedFile(t, "grub-efi-amd64-signed/bookworm-backports", grub), true), route.Host{Loaders: alone}, "shim 16.1 refuses it: it is revoked", false},
		{"Microsoft's own", program(unpackedFile(t, "shim-signed", shim), true), route.Host{Loaders: alone}, "", false},
	} {
		got := Outlook{Host: tt.host, Proxied: tt.proxied}.RefusedPayload(tt.payload)
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) || strings.Contains(got, "\n") {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
