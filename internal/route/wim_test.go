package route

import (
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

func wimFor(arch boot.Arch) boot.WIM {
	return boot.WIM{Image: boot.File{Source: "/srv/boot.wim"}, Arch: arch, Bytes: 400 << 20}
}

// withWimboot has this host's wimboot be one of a version, for x64 and a BIOS.
func withWimboot(version string, signed ...Signature) Host {
	h := without(all(), WimbootFile)
	h.Loaders = append(h.Loaders, Binary{
		Build:    Build{WimbootFile, boot.UEFI, boot.X64},
		Identity: Identity{Kind: KindWimboot, Firmware: boot.UEFI, Arch: boot.X64, Version: version, Hybrid: true, Signatures: signed},
	})
	return h
}

func TestWIMRoutes(t *testing.T) {
	lacking, inside, large := wimFor(boot.X64), wimFor(boot.X64), wimFor(boot.X64)
	lacking.Lacks = map[boot.Firmware][]string{boot.BIOS: {"bcd"}}
	inside.Inside = map[boot.Firmware][]string{boot.BIOS: {"bcd", "boot.sdi"}}
	large.Bytes = 4 << 30
	bios, uefi := []string{"bios-undionly", "bios-ipxe"}, []string{"uefi-x64-snponly", "uefi-x64-ipxe", "uefi-x64-direct"}
	arm64 := boot.Client{Firmware: boot.UEFI, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.ROM}
	for _, test := range []struct {
		name   string
		client boot.Client
		wim    boot.WIM
		host   Host
		want   []string
		why    string
	}{
		{"BIOS", biosROM, wimFor(boot.X64), withWimboot("2.8.0"), bios, ""},
		{"BIOS, 32 bits", biosROM, wimFor(boot.X86), withWimboot("2.8.0"), bios, ""},
		{"UEFI", uefiROM, wimFor(boot.X64), withWimboot("2.8.0"), uefi, ""},
		{"UEFI, of which nothing is said", uefiROM, wimFor(""), withWimboot("2.8.0"), uefi, ""},
		{"UEFI arm64", arm64, wimFor(boot.ARM64), all(), []string{"uefi-arm64-ipxe"}, ""},
		{"iPXE", biosIPXE, wimFor(boot.X64), withWimboot("2.8.0"), []string{"ipxe-http", "ipxe-tftp"}, ""},
		{"no wimboot", biosROM, wimFor(boot.X64), without(all(), WimbootFile), nil, "github.com/ipxe/wimboot/releases, from where spur loader import takes it"},
		{"no wimboot for arm64", arm64, wimFor(boot.ARM64), withWimboot("2.8.0"), nil, "wimboot was not found on this host"},
		{"32 bits on UEFI", uefiROM, wimFor(boot.X86), withWimboot("2.8.0"), nil, "is a Windows image for x86, the machine is UEFI x64"},
		{"arm64 on a BIOS", biosROM, wimFor(boot.ARM64), withWimboot("2.8.0"), nil, "is a Windows image for arm64, the machine is BIOS"},
		{"a file is missing for a BIOS", biosROM, lacking, withWimboot("2.8.0"), nil, "boot.wim lacks bcd, which wimboot wants on a BIOS"},
		{"which UEFI does without", uefiROM, lacking, withWimboot("2.8.0"), uefi, ""},
		{"too large for a BIOS", biosROM, large, withWimboot("2.8.0"), nil, "on a BIOS iPXE has room for less than 3 GiB"},
		{"an old wimboot", biosROM, inside, withWimboot("2.6.0"), nil, "has bcd, boot.sdi inside of itself, from where wimboot takes that from version 2.7.1 on, and this host has 2.6.0"},
		{"a newer one", biosROM, inside, withWimboot("2.7.1"), bios, ""},
		{"Secure Boot", secure, wimFor(boot.X64), withWimboot("2.8.0"), nil, "wimboot isn't signed"},
		{"Secure Boot, all signed by Spur", secure, wimFor(boot.X64), signing(withWimboot("2.8.0")), uefi, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			ladder := Routes(test.client, boot.Payload{Content: test.wim}, test.host)
			if got := names(ladder); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if why := ladder.Obstacle(test.client); !strings.Contains(why, test.why) || (why == "") != (test.why == "") {
				t.Errorf("the obstacle is %q", why)
			}
		})
	}
}

// wimboot is a file of a boot by iPXE, as is MEMDISK.
func TestWimbootInTheTree(t *testing.T) {
	r := Configured(boot.IPXE, HTTP)
	for name, want := range map[string]boot.Loader{WimbootFile: boot.Wimboot, MemdiskFile: boot.Memdisk} {
		if f, ok := r.File(name); !ok || f.Loader != want || f.Role != Extra {
			t.Errorf("%s is %+v, %v", name, f, ok)
		}
	}
	if _, ok := Configured(boot.GPXE, HTTP).File(WimbootFile); ok {
		t.Error("gPXE is given wimboot")
	}
}

// A machine needs the image, and what Windows PE does.
func TestWIMNeeds(t *testing.T) {
	for bytes, want := range map[int64]int64{0: 512 << 20, 400 << 20: 912 << 20} {
		if got := (Route{Form: WIMForm}).Needs(biosROM, boot.Payload{Content: boot.WIM{Bytes: bytes}}); got != want {
			t.Errorf("%d bytes need %d", bytes, got)
		}
	}
}
