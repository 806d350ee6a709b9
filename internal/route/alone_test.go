package route

import (
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// A GRUB that would stop is not given out, and the ladder says why; another is.
func TestGRUBAlone(t *testing.T) {
	proxied := func(c boot.Client) boot.Client {
		c.Proxied = true
		return c
	}
	own := grub(boot.BIOS, boot.X86)
	old := own
	old.Path, old.Identity.Version, old.Identity.Features = "/srv/core.0", "2.06", boot.CanTFTP|boot.CanBzImage
	old.Sum = [32]byte{1}
	tests := []struct {
		name   string
		client boot.Client
		have   Binaries
		want   []string
		why    string
	}{
		{"as grub-mknetdir makes it", biosROM, Binaries{old}, []string{"bios-grub"}, ""},
		{"that beside a DHCP server", proxied(biosROM), Binaries{old}, nil, "core.0 (GRUB 2.06) looks for its configuration on the host of the DHCP server"},
		{"that and one of Spur's, beside a DHCP server", proxied(biosROM), Binaries{old, own}, []string{"bios-grub"}, ""},
		{"both, with our own", biosROM, Binaries{old, own}, []string{"bios-grub", "bios-grub@2.06"}, ""},
		{"iPXE in the ROM", proxied(biosIPXE), Binaries{own}, []string{"bios-ipxe-grub"}, ""},
		{"iPXE in the ROM, as grub-mknetdir makes it", biosIPXE, Binaries{old}, nil, "core.0 (GRUB 2.06) would be started by iPXE as a multiboot kernel"},
		{"Secure Boot", secure, Binaries{grub(boot.UEFI, boot.X64)}, nil, "no shim for UEFI x64 was found on this host"},
		{"another architecture", armROM, Binaries{grub(boot.UEFI, boot.X64)}, nil, "no GRUB for UEFI arm64 was found on this host; Debian has it in package grub-efi-arm64-signed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			host := Host{Loaders: tt.have, Loader: boot.GRUB}
			ladder := Routes(tt.client, linux(""), host)
			if got := names(ladder); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if !strings.Contains(ladder.Obstacle(tt.client), tt.why) {
				t.Errorf("the obstacle is %q", ladder.Obstacle(tt.client))
			}
			for _, r := range ladder.Routes {
				b, ok := tt.have.Given(r, tt.client)
				if !ok || r.Binary != 0 && b.ID() != r.Binary || tt.client.Proxied && b.Path == old.Path {
					t.Errorf("%s gives %s", r.Name, b.Path)
				}
			}
		})
	}
}

// GRUB Legacy is given out where somebody has brought it, and what it can't do is said.
func TestGRUBLegacy(t *testing.T) {
	legacy := Binary{
		Build: Build{"pxegrub", boot.BIOS, boot.X86}, Path: "/srv/pxegrub",
		Identity: Identity{Kind: KindGRUBLegacy, Firmware: boot.BIOS, Arch: boot.X86, Version: "0.97", Features: boot.CanTFTP | boot.CanBzImage},
	}
	etherboot := legacy
	etherboot.Path, etherboot.Identity.Features = "/srv/nbgrub", 0
	proxied := biosROM
	proxied.Proxied = true
	kernel := func(initrds ...string) boot.Payload {
		l := boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}}
		for _, i := range initrds {
			l.Initrds = append(l.Initrds, boot.File{Source: i})
		}
		return boot.Payload{Content: l}
	}
	for _, tt := range []struct {
		client  boot.Client
		have    Binary
		payload boot.Payload
		why     string // "" where it boots
	}{
		{biosROM, legacy, kernel("/boot/initrd"), ""},
		{biosROM, legacy, kernel("/a", "/b"), "vmlinuz has 2 initrds, and GRUB Legacy loads one; join them into one file"},
		{biosROM, legacy, kernel("/boot/my initrd"), "has a blank in its name"},
		{proxied, legacy, kernel(), "pxegrub (GRUB Legacy) looks for its configuration on the host of the DHCP server"},
		{biosROM, etherboot, kernel(), "nbgrub is a GRUB Legacy for Etherboot"},
		{biosROM, grub(boot.BIOS, boot.X86), kernel(), "no GRUB Legacy for a BIOS was found on this host; spur loader import takes it from elsewhere"},
	} {
		ladder := Routes(tt.client, tt.payload, Host{Loaders: Binaries{tt.have}, Loader: boot.GRUBLegacy})
		if got := ladder.Obstacle(tt.client); (got == "") != (tt.why == "") || !strings.Contains(got, tt.why) {
			t.Errorf("the obstacle is %q, not %q", got, tt.why)
		}
	}
}

// Nobody can be sent to a GRUB by somebody else's DHCP server: its name is no file's of
// this host.
func TestGRUBAtRoot(t *testing.T) {
	host := Host{Loaders: Binaries{grub(boot.BIOS, boot.X86)}, RootOnly: true}
	if got := names(Routes(biosROM, linux(""), host)); len(got) > 0 {
		t.Errorf("got %v", got)
	}
}

// A GRUB finds its configuration beside itself and in its own folder, and the lists of
// its modules nowhere.
func TestGRUBFiles(t *testing.T) {
	r := entry("bios-grub").route()
	for name, want := range map[string]Role{"grub.0": NBP, "grub.cfg": Script, "up": Beacon, "other": ""} {
		if f, _ := r.File(name); f.Role != want {
			t.Errorf("%s is %q", name, f.Role)
		}
	}
	if f, ok := r.AtRoot("grub/grub.cfg"); !ok || f.Role != Script {
		t.Errorf("at the root it is %+v, %v", f, ok)
	}
	for name, want := range map[string]bool{"grub/i386-pc/command.lst": true, "grub/grub.cfg-01-52-54-00-12-34-56": true, "revocations.efi": false, "autoexec.ipxe": false} {
		if got := r.DoesWithout(name); got != want {
			t.Errorf("does without %s: %v", name, got)
		}
	}
	if _, ok := entry("bios-undionly").route().AtRoot("grub/grub.cfg"); ok {
		t.Error("iPXE has a configuration of GRUB's")
	}
}
