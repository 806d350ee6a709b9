package route

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// roomy is a kernel with an initrd, and its command line.
func roomy(cmdline string, initrd boot.Extent) boot.Payload {
	l := boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}, Room: boot.RoomOf(boot.Extent{Fetched: 14 << 20, Unpacked: 52 << 20}).With(initrd)}
	l.Cmdline.Text(cmdline)
	return boot.Payload{Content: l}
}

func TestNeeds(t *testing.T) {
	plain := boot.Extent{Fetched: 66 << 20, Unpacked: 66 << 20}
	packed := boot.Extent{Fetched: 100 << 20, Unpacked: 300 << 20}
	bios, uefi := boot.Client{Firmware: boot.BIOS}, boot.Client{Firmware: boot.UEFI}
	live := roomy("boot=live", packed)
	live.Content = withSystem(live.Content.(boot.Linux), 2<<30)
	for _, test := range []struct {
		name    string
		client  boot.Client
		form    Form
		payload boot.Payload
		want    int64 // MiB
	}{
		// Debian's kernel 6.1 does with 256 MiB and not with 192.
		{"unpacked into half of the memory", bios, LinuxForm, roomy("quiet", plain), 52 + 66 + 2*66},
		{"a root of its own", bios, LinuxForm, roomy("quiet root=/dev/sda1", plain), 52 + 66 + 66},
		{"rootfstype", bios, LinuxForm, roomy("rootfstype=ramfs", plain), 52 + 66 + 66},
		{"rootfstype, tmpfs", bios, LinuxForm, roomy("rootfstype=tmpfs", plain), 52 + 66 + 2*66},
		{"compressed", bios, LinuxForm, roomy("", packed), 52 + 100 + 2*300},
		{"EFI stub", uefi, LinuxForm, roomy("root=/dev/sda1", plain), 52 + 66 + 66},
		{"UKI", uefi, UKIForm, roomy("root=/dev/sda1", plain), 3 * (14 + 66)},
		{"live system", bios, LinuxForm, live, 2048},
		{"unknown size", bios, LinuxForm, roomy("", boot.Extent{}), 0},
		{"nothing known", bios, LinuxForm, boot.Payload{Content: boot.Linux{}}, 0},
		{"RAM disk", uefi, RAMDiskForm, boot.Payload{Content: boot.Disk{Bytes: 700 << 20}}, 828},
		{"MEMDISK", bios, MemdiskForm, boot.Payload{Content: boot.Disk{Bytes: 700 << 20}}, 828},
		{"small disk", bios, MemdiskForm, boot.Payload{Content: boot.Disk{Bytes: 40 << 20}}, 40},
		{"read as it goes", bios, SANForm, boot.Payload{Content: boot.Disk{Bytes: 700 << 20}}, 0},
		{"Multiboot", bios, MultibootForm, boot.Payload{Content: boot.Multiboot{Bytes: 200 << 20}}, 200},
		{"a script", bios, ScriptForm, boot.Payload{Content: boot.Script{}}, 0},
		{"nothing", bios, LinuxForm, boot.Payload{}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := (Route{Form: test.form}).Needs(test.client, test.payload); got != test.want<<20 {
				t.Errorf("%d MiB, want %d", got>>20, test.want)
			}
		})
	}
	if got := NeedsMost(roomy("root=/dev/sda1", plain)); got != 3*(14+66)<<20 {
		t.Errorf("%d MiB at most", got>>20)
	}
}

func withSystem(l boot.Linux, bytes int64) boot.Linux {
	l.Room.System = bytes
	return l
}

func TestBeyondMemory(t *testing.T) {
	for _, test := range []struct {
		packed, unpacked int64 // GiB
		want             string
	}{
		{1, 1, ""},
		{1, 3, "a BIOS has started"},
		{4, 5, "less than 4 GiB"},
		{0, 0, ""},
	} {
		why := BeyondMemory(roomy("", boot.Extent{Fetched: test.packed << 30, Unpacked: test.unpacked << 30}))
		if (why == "") != (test.want == "") || !strings.Contains(why, test.want) {
			t.Errorf("%d and %d GiB: %q", test.packed, test.unpacked, why)
		}
	}
	ia32 := boot.Client{Firmware: boot.UEFI, Arch: boot.X86, Loader: boot.ROM}
	large := boot.Payload{Content: boot.Disk{Bytes: 4 << 30, EFI: []boot.DiskProgram{{Arch: boot.X86}, {Arch: boot.X64}}}}
	if why := unfitRAMDisk(ia32, large, Host{}); !strings.Contains(why, "firmware of 32 bits") {
		t.Errorf("%q", why)
	}
	if ia32.Arch = boot.X64; unfitRAMDisk(ia32, large, Host{}) != "" {
		t.Error("no disk of 4 GiB on firmware of 64 bits")
	}
}
