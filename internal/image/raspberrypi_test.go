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
		{"for a 3 and a 4", map[string]string{"start.elf": starter, "bootcode.bin": "b", "start4.elf": starter4, "start4x.elf": starter4, "kernel8.img": kernel}, "start.elf", "models 3, 4"},
		{"for a 4 alone", map[string]string{"start4.elf": starter4, "my-kernel": kernel}, "start4.elf", "models 4"},
		{"for a 5", map[string]string{"config.txt": "", "bcm2712-rpi-5-b.dtb": "tree", "kernel_2712.img": "k"}, "config.txt", "models 5"},
		{"further down", map[string]string{"readme": "r", "boot/start4.elf": starter4, "boot/kernel8.img": kernel}, "boot/start4.elf", "models 4"},
		{"over HTTP", map[string]string{"boot.img": "image", "boot.sig": "signature"}, "boot.img", "over HTTP"},
		{"UEFI firmware", map[string]string{"start4.elf": starter4, "RPI_EFI.fd": "uefi", "config.txt": "armstub=RPI_EFI.fd"}, "start4.elf", "models 4"},
		{"without a kernel", map[string]string{"start4.elf": starter4, "config.txt": ""}, "start4.elf", "is no kernel that a Raspberry Pi's firmware would load"},
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
			if !strings.Contains(said, tt.says) || len(found.Warnings) > 0 != strings.Contains(tt.says, "no kernel") {
				t.Errorf("it says %s, %q", found.Description, found.Warnings)
			}
		})
	}
}
