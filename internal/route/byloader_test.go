package route

import (
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// Who asks for a loader gets ways by that alone, from the ROM to the payload.
func TestByLoader(t *testing.T) {
	tests := []struct {
		name   string
		client boot.Client
		loader boot.Loader
		want   []string
		why    string
	}{
		{"iPXE, from a BIOS ROM", biosROM, boot.IPXE, []string{"bios-undionly", "bios-ipxe"}, ""},
		{"iPXE that speaks", biosIPXE, boot.IPXE, []string{"ipxe-http", "ipxe-tftp"}, ""},
		{"GRUB, from a BIOS ROM", biosROM, boot.GRUB, []string{"bios-grub"}, ""},
		{"GRUB, from iPXE in a BIOS ROM", biosIPXE, boot.GRUB, []string{"bios-ipxe-grub"}, ""},
		{"GRUB, from a UEFI ROM", uefiROM, boot.GRUB, []string{"uefi-grub"}, ""},
		{"GRUB, from HTTP Boot", uefiHTTP, boot.GRUB, []string{"uefi-http-grub"}, ""},
		{"the firmware", uefiROM, boot.ROM, []string{"uefi-tftp"}, ""},
		{"the firmware of a BIOS, which starts no kernel", biosROM, boot.ROM, nil, "a BIOS starts no kernel by itself, but by a loader"},
		{"what no way is by", uefiROM, boot.Loader("lilo"), nil, "--loader lilo was asked for, by which such a machine can't boot"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			host := all()
			host.Loaders = append(host.Loaders, grub(boot.BIOS, boot.X86), grub(boot.UEFI, boot.X64))
			host.Loader = tt.loader
			ladder := Routes(tt.client, linux(boot.X64), host)
			if got := names(ladder); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if !strings.Contains(ladder.Obstacle(tt.client), tt.why) {
				t.Errorf("the obstacle is %q", ladder.Obstacle(tt.client))
			}
			if ladder.Unasked() != (tt.loader == "lilo") {
				t.Errorf("what was asked for is none of the client's loaders: %v", ladder.Unasked())
			}
			for _, r := range ladder.Rejected {
				if l := entry(r.Name).Loader; l != tt.loader && !strings.HasSuffix(r.Why, "was asked for") {
					t.Errorf("%s is rejected because %q", r.Name, r.Why)
				}
			}
		})
	}
}

// What is asked for and isn't on this host is told as that.
func TestByLoaderThatIsNotThere(t *testing.T) {
	host := all()
	host.Loader = boot.GRUB
	if why := Routes(biosROM, linux(boot.X64), host).Obstacle(biosROM); why != "no GRUB for a BIOS was found on this host; spur loader make grub makes one, with package grub-pc-bin and grub-common" {
		t.Errorf("%q", why)
	}
}

func TestLoaderNames(t *testing.T) {
	for _, name := range LoaderNames() {
		l, ok := LoaderNamed(name)
		if !ok || (Host{Loader: l}).asked() != "--loader "+name {
			t.Errorf("%s is %s, %v", name, l, ok)
		}
	}
	if _, ok := LoaderNamed("rom"); ok {
		t.Error("rom is no name for people")
	}
}

// grub is a GRUB for the network that can do all that one can.
func grub(f boot.Firmware, a boot.Arch) Binary {
	return Binary{
		Build: Build{"grub", f, a}, Path: "/srv/grub-" + string(f),
		Identity: Identity{Kind: KindGRUB, Firmware: f, Arch: a, Version: "2.12", Features: boot.CanTFTP | boot.CanHTTP | boot.CanBzImage | boot.CanProxyDHCP | boot.CanUnderIPXE | boot.CanAfterHTTPBoot},
	}
}
