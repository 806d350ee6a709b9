package route

import (
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

func xenFor(arch boot.Arch) boot.Payload {
	return boot.Payload{Content: boot.Xen{Program: boot.File{Source: "/srv/xen.efi"}, Arch: arch, Kernel: boot.Module{File: boot.File{Source: "/srv/vmlinuz"}}, Bytes: 100 << 20}}
}

// iPXE for UEFI brings Xen's program for UEFI, over whatever it was fetched itself.
func TestXenRoutes(t *testing.T) {
	keys := all()
	keys.Signs = true
	for _, test := range []struct {
		name   string
		client boot.Client
		host   Host
		want   []string
		why    string
	}{
		{"PXE", uefiROM, all(), []string{"uefi-x64-snponly", "uefi-x64-ipxe", "uefi-x64-direct"}, "uefi-tftp: firmware makes a RAM disk only of what it fetches by HTTP Boot"},
		{"HTTP Boot", uefiHTTP, all(), []string{"uefi-http", "uefi-x64-http-snponly"}, ""},
		{"iPXE", uefiIPXE, all(), []string{"ipxe-http", "ipxe-tftp"}, ""},
		{"a BIOS", biosIPXE, all(), nil, "ipxe-http: xen.efi is Xen's program for UEFI firmware, and the machine is BIOS; give it the Multiboot kernel, xen.gz"},
		{"for arm64", armHTTP, all(), nil, "uefi-http: xen.efi is Xen for x64, the machine is UEFI arm64"},
		{"arm64", armIPXE, all(), nil, "ipxe-http: xen.efi is Xen for x64, the machine is UEFI arm64"},
		{"Secure Boot", secure, all(), nil, "uefi-x64-snponly: xen.efi isn't signed, and Secure Boot starts only what is"},
		{"Secure Boot with keys", secure, keys, []string{"uefi-x64-snponly", "uefi-x64-ipxe", "uefi-x64-direct"}, ""},
	} {
		ladder := Routes(test.client, xenFor(boot.X64), test.host)
		var got []string
		for _, r := range ladder.Routes {
			got = append(got, r.Name)
			if want := map[bool]Form{true: DiskForm, false: XenForm}[r.Name == "uefi-http"]; r.Form != want || (r.Give == XenDisk) != (want == DiskForm) || r.Needs(test.client, xenFor(boot.X64)) != 200<<20 {
				t.Errorf("%s: %+v", test.name, r)
			}
		}
		told := ""
		for _, r := range ladder.Rejected {
			told += r.Name + ": " + r.Why + "\n"
		}
		if !slices.Equal(got, test.want) || !strings.Contains(told, test.why) {
			t.Errorf("%s: got %v, and\n%s", test.name, got, told)
		}
	}
	if why := Routes(biosROM, xenFor(boot.X64), all()).Obstacle(biosROM); !strings.Contains(why, "give it the Multiboot kernel") {
		t.Error(why)
	}
}
