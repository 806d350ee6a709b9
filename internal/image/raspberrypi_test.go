package image

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// What a Raspberry Pi starts of a folder, wherever it lies there, and for which models
// it is; what else starts is found beside it.
func TestRaspberryPiFolder(t *testing.T) {
	const firmware = "raspi-firmware-bookworm/usr/lib/raspi-firmware/"
	starter, starter4 := unpacked(t, firmware+"start.elf"), unpacked(t, firmware+"start4.elf")
	kernel := unpacked(t, "linux-image-cloud-arm64-arm64/boot/vmlinu[xz]-*")
	for _, tt := range []struct {
		name    string
		files   map[string]string
		program string
		says    string // of the description or a warning
	}{
		{"for a 3 and a 4", map[string]string{"start.elf": starter, "bootcode.bin": "b", "start4.elf": starter4, "start4x.elf": starter4, "kernel8.img": kernel, "bcm2711-rpi-4-b.dtb": "tree"}, "start.elf", "models 3, 4"},
		{"for a 4 alone", map[string]string{"start4.elf": starter4, "my-kernel": kernel, "bcm2711-rpi-4-b.dtb": "tree"}, "start4.elf", "models 4"},
		{"for a 5", map[string]string{"config.txt": "", "bcm2712-rpi-5-b.dtb": "tree", "kernel_2712.img": "k"}, "config.txt", "models 5"},
		{"further down", map[string]string{"readme": "r", "boot/start4.elf": starter4, "boot/kernel8.img": kernel, "boot/bcm2711-rpi-4-b.dtb": "tree"}, "boot/start4.elf", "models 4"},
		{"over HTTP", map[string]string{"boot.img": "image", "boot.sig": "signature"}, "boot.img", "over HTTP"},
		{"UEFI firmware", map[string]string{"start4.elf": starter4, "RPI_EFI.fd": "uefi", "config.txt": "armstub=RPI_EFI.fd"}, "start4.elf", "models 4"},
		{"with a kernel, initrds and trees of a system", map[string]string{"start4.elf": starter4, "config.txt": "os_prefix=deb/\nkernel=linux # mine\ninitramfs a,b followkernel\n[none]\nkernel=none\n", "deb/linux": kernel, "deb/a": "a", "deb/b": "b", "deb/bcm2711-rpi-4-b.dtb": "tree"}, "start4.elf", "models 4"},
		{"with a kernel that isn't there", map[string]string{"a/start4.elf": starter4, "a/config.txt": "arm_64bit=1\nkernel=kernl8.img\n", "a/kernel8.img": kernel, "a/bcm2711-rpi-4-b.dtb": "tree"}, "a/start4.elf", "a/config.txt, line 2, names kernl8.img, which isn't there"},
		{"with an initrd that isn't there", map[string]string{"start4.elf": starter4, "config.txt": "initramfs initrd.img followkernel\n", "kernel8.img": kernel, "bcm2711-rpi-4-b.dtb": "tree"}, "start4.elf", "line 1, names initrd.img, which isn't there"},
		{"without a device tree", map[string]string{"start4.elf": starter4, "kernel8.img": kernel}, "start4.elf", "is no device tree, such as bcm2711-rpi-4-b.dtb"},
		{"without a kernel", map[string]string{"start4.elf": starter4, "config.txt": "initramfs i\n", "i": "initrd"}, "start4.elf", "is no kernel that a Raspberry Pi's firmware would load"},
		{"with one elsewhere", map[string]string{"start4.elf": starter4, "a/kernel": kernel}, "start4.elf", "is no kernel that a Raspberry Pi's firmware would load"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found, err := OpenFolder(folderOf(t, tt.files))
			if err != nil {
				t.Fatal(err)
			}
			program, ok := boot.Folder{Programs: found.Programs}.Start(boot.Client{Firmware: boot.RPiFirmware, Arch: boot.ARM64})
			if !ok || program.Name != tt.program {
				t.Errorf("got %+v", found.Programs)
			}
			said := found.Description + strings.Join(found.Warnings, "")
			fine := strings.HasPrefix(tt.says, "models") || tt.says == "over HTTP"
			if !strings.Contains(said, tt.says) || (len(found.Warnings) == 0) != fine {
				t.Errorf("it says %s, %q", found.Description, found.Warnings)
			}
		})
	}
}

// Whatever a config.txt says, it names files.
func FuzzRaspberryPiConfig(f *testing.F) {
	f.Add("kernel=a\ninitramfs b,c followkernel\nramfsfile=d\n[none]\narmstub=e\nos_prefix=f/\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, file := range rpiConfigFiles(text) {
			if file.name == "" || file.line < 1 {
				t.Errorf("%q names %+v", text, file)
			}
		}
	})
}
