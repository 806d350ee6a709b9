package image

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// diskBy is a disk of that size that a shell script makes as disk.img, beside which
// program.efi is an EFI application.
func diskBy(t testing.TB, size int64, script string) []byte {
	t.Helper()
	dir := t.TempDir()
	disk := filepath.Join(dir, "disk.img")
	for _, err := range []error{
		os.WriteFile(disk, nil, 0o600), os.Truncate(disk, size),
		os.WriteFile(filepath.Join(dir, "program.efi"), uki(subsystemApplication), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	run := exec.Command("sh", "-ec", script)
	run.Dir = dir
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", script, err, out)
	}
	content, err := os.ReadFile(disk)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Scripts for diskBy.
const (
	programs  = "; mmd -i $i ::EFI ::EFI/BOOT; mcopy -i $i program.efi ::EFI/BOOT/bootx64.efi; mcopy -i $i program.efi ::EFI/BOOT/BOOTRISCV64.EFI; mcopy -i $i program.efi ::EFI/BOOT/grub.efi"
	bareFAT   = "i=disk.img; mkfs.fat $i >/dev/null" + programs
	gptDisk   = "printf 'label: gpt\nstart=2048, size=70000, type=uefi\nstart=80000\n' | sfdisk -q disk.img; i=disk.img@@1M; mformat -i $i -F -T 70000 -h 64 -s 32 ::" + programs
	mbrDisk   = "printf 'label: dos\nstart=2048, type=83, bootable\n' | sfdisk -q disk.img"
	withCode  = "; printf '\\372\\061\\300' | dd of=disk.img conv=notrunc status=none"
	config    = "; mmd -i $i ::boot ::boot/grub; printf x | mcopy -i $i - ::boot/grub/grub.cfg"
	ofSystem  = "; mmd -i $i ::EFI/debian; printf x | mcopy -i $i - ::EFI/debian/GRUB.CFG"
	discImage = "mkdir tree; truncate -s 4M tree/efi.img; i=tree/efi.img; mkfs.fat $i >/dev/null" + programs + "; printf x >tree/boot.bin; rm disk.img; xorriso -as mkisofs -quiet -o disk.img %s tree"
)

func TestLookDisk(t *testing.T) {
	x64 := []boot.DiskProgram{{Arch: boot.X64}, {Arch: boot.RISCV64}}
	for _, test := range []struct {
		name   string
		size   int64
		script string
		want   boot.Disk
		says   string
	}{
		{"FAT", 40 << 20, bareFAT, boot.Disk{Layout: boot.LayoutFAT, EFI: x64}, "FAT file system, for UEFI x64, UEFI riscv64"},
		{"GPT", 64 << 20, gptDisk, boot.Disk{Layout: boot.LayoutGPT, EFI: x64}, "disk with a GPT and 2 partitions, for UEFI x64, UEFI riscv64"},
		{"GPT with boot code", 64 << 20, gptDisk + withCode, boot.Disk{Layout: boot.LayoutGPT, BIOS: true, EFI: x64}, "disk with a GPT and 2 partitions, for a BIOS, UEFI x64, UEFI riscv64"},
		{"MBR without a loader", 8 << 20, mbrDisk, boot.Disk{Layout: boot.LayoutMBR}, "disk with an MBR and 1 partition, from which nothing boots"},
		{"MBR", 8 << 20, mbrDisk + withCode, boot.Disk{Layout: boot.LayoutMBR, BIOS: true}, "disk with an MBR and 1 partition, for a BIOS"},
		{"floppy of mkfs.fat", 1440 << 10, "mkfs.fat disk.img >/dev/null", boot.Disk{Layout: boot.LayoutFloppy, Geometry: boot.Geometry{Cylinders: 80, Heads: 2, Sectors: 18}}, "floppy disk with data alone, from which nothing boots"},
		{"floppy of mtools", 1440 << 10, "mformat -i disk.img -f 1440 ::", boot.Disk{Layout: boot.LayoutFloppy, Geometry: boot.Geometry{Cylinders: 80, Heads: 2, Sectors: 18}}, "floppy disk with data alone, from which nothing boots"},
		{"FAT of mtools", 64 << 20, "mformat -i disk.img -F -h 64 -s 32 -T 131072 ::", boot.Disk{Layout: boot.LayoutFAT}, "FAT file system with data alone, from which nothing boots"},
		{"floppy of an odd format", 1722 << 10, "mformat -i disk.img -t 82 -h 2 -n 21 ::; printf '\\372\\351' | dd of=disk.img bs=1 seek=100 conv=notrunc status=none", boot.Disk{Layout: boot.LayoutFloppy, BIOS: true, Geometry: boot.Geometry{Cylinders: 82, Heads: 2, Sectors: 21}}, "floppy disk, for a BIOS"},
		{"floppy without a file system", 720 << 10, "printf '\\372' | dd of=disk.img conv=notrunc status=none; printf '\\125\\252' | dd of=disk.img bs=1 seek=510 conv=notrunc status=none", boot.Disk{Layout: boot.LayoutFloppy, BIOS: true, Geometry: boot.Geometry{Cylinders: 80, Heads: 2, Sectors: 9}}, "floppy disk, for a BIOS"},
		{"ISO for UEFI", 1 << 20, fmt.Sprintf(discImage, "-e efi.img -no-emul-boot"), boot.Disk{Layout: boot.LayoutISO, EFI: x64}, "ISO 9660 image, for UEFI x64, UEFI riscv64"},
		{"ISO for both", 1 << 20, fmt.Sprintf(discImage, "-b boot.bin -no-emul-boot -boot-load-size 4 -eltorito-alt-boot -e efi.img -no-emul-boot"), boot.Disk{Layout: boot.LayoutISO, BIOS: true, EFI: x64}, "ISO 9660 image, for a BIOS, UEFI x64, UEFI riscv64"},
		{"ISO without a loader", 1 << 20, fmt.Sprintf(discImage, ""), boot.Disk{Layout: boot.LayoutISO}, "ISO 9660 image, from which nothing boots"},
		{"MBR with a GRUB's configuration", 64 << 20, mbrDisk + "; i=disk.img@@1M; mformat -i $i -T 120000 -h 64 -s 32 ::" + config, boot.Disk{Layout: boot.LayoutMBR, GRUB: boot.GRUBConfig{Partition: "msdos1", Path: "/boot/grub/grub.cfg"}}, "disk with an MBR and 1 partition, for a GRUB that has it in its memory"},
		{"GPT with a GRUB's configuration", 64 << 20, gptDisk + ofSystem, boot.Disk{Layout: boot.LayoutGPT, EFI: x64, GRUB: boot.GRUBConfig{Partition: "gpt1", Path: "/EFI/DEBIAN/grub.cfg"}}, "disk with a GPT and 2 partitions, for UEFI x64, UEFI riscv64, a GRUB that has it in its memory"},
		{"FAT with a GRUB's configuration", 40 << 20, "i=disk.img; mkfs.fat $i >/dev/null" + config, boot.Disk{Layout: boot.LayoutFAT, GRUB: boot.GRUBConfig{Path: "/boot/grub/grub.cfg"}}, "FAT file system, for a GRUB that has it in its memory"},
		{"ISO with a GRUB's configuration", 1 << 20, "mkdir -p tree/boot/grub; printf x >tree/boot/grub/grub.cfg; rm disk.img; xorriso -as mkisofs -quiet -R -o disk.img tree", boot.Disk{Layout: boot.LayoutISO, GRUB: boot.GRUBConfig{Path: "/boot/grub/grub.cfg"}}, "ISO 9660 image, for a GRUB that has it in its memory"},
		{"nothing", 4 << 20, "true", boot.Disk{Layout: boot.LayoutNone}, "disk without partitions, from which nothing boots"},
	} {
		t.Run(test.name, func(t *testing.T) {
			disk := diskBy(t, test.size, test.script)
			got, err := LookDisk(bytes.NewReader(disk), int64(len(disk)))
			test.want.Bytes = int64(len(disk))
			if err != nil || fmt.Sprintf("%+v", got.Disk) != fmt.Sprintf("%+v", test.want) {
				t.Errorf("got  %+v, %v\nwant %+v", got.Disk, err, test.want)
			}
			if got.Description != test.says {
				t.Errorf("it says %q", got.Description)
			}
		})
	}
}

// What was cut off is said to be, whatever tells how long it was.
func TestCutOffDisk(t *testing.T) {
	for _, test := range []struct {
		name   string
		size   int64
		script string
		says   string
	}{
		{"FAT", 40 << 20, bareFAT + "; truncate -s 20M disk.img", "the image is cut off: its file system has 41943040 bytes, and 20971520 are there"},
		{"GPT", 64 << 20, gptDisk + "; truncate -s 20M disk.img", "its table of partitions can't be believed: "},
		{"MBR", 8 << 20, mbrDisk + withCode + "; truncate -s 4M disk.img", "its table of partitions can't be believed: "},
		{"ISO", 1 << 20, fmt.Sprintf(discImage, "-e efi.img -no-emul-boot") + "; truncate -s 1M disk.img", "the image is cut off: it has 1048576 of "},
		{"whole", 40 << 20, bareFAT, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			disk := diskBy(t, test.size, test.script)
			got, err := LookDisk(bytes.NewReader(disk), int64(len(disk)))
			if err != nil || !strings.HasPrefix(got.Damage, test.says) || (test.says == "") != (got.Damage == "") {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// What is no disk is said to be what it is.
func TestNoDisk(t *testing.T) {
	packed := gzipped(t, blank(4096, map[int]string{0x400: "some of a disk"}))
	for _, test := range []struct {
		name  string
		file  []byte
		looks string
	}{
		{"nothing", nil, "an empty file"},
		{"gzip in gzip", packed, "a gzip file"},
		{"zip", blank(4096, map[int]string{0: "PK\x03\x04"}), "a zip archive"},
		{"initrd", cpioArchive("init"), "a cpio archive (an initrd)"},
	} {
		_, err := LookDisk(bytes.NewReader(test.file), int64(len(test.file)))
		var m *Mismatch
		if !errors.As(err, &m) || m.Looks != test.looks || m.Hint == "" || m.Wanted == "" {
			t.Errorf("%s: %v, %+v", test.name, err, m)
		}
	}
}

// A file system that can't be read has nothing that boots, and doesn't stop the look.
func TestLookDiskDamaged(t *testing.T) {
	disk := diskBy(t, 40<<20, bareFAT)
	for i := 4096; i < len(disk); i += 512 {
		disk[i] ^= 0xff
	}
	if got, err := LookDisk(bytes.NewReader(disk), int64(len(disk))); err != nil || len(got.EFI) > 0 || !strings.Contains(got.Description, "nothing boots") {
		t.Errorf("%+v, %v", got, err)
	}
}

// FuzzLookDisk changes two places of a good disk, and looks at what is there then.
func FuzzLookDisk(f *testing.F) {
	disks := [][]byte{
		diskBy(f, 40<<20, bareFAT)[:128<<10], diskBy(f, 64<<20, gptDisk)[:1<<20+64<<10], diskBy(f, 8<<20, mbrDisk)[:4<<10],
		diskBy(f, 1<<20, fmt.Sprintf(discImage, "-e efi.img -no-emul-boot"))[:128<<10],
	}
	f.Add(uint8(0), uint32(11), []byte{0, 16}, uint32(4096), []byte{1})
	f.Add(uint8(1), uint32(1024), []byte{1}, uint32(446), []byte{2})
	f.Add(uint8(2), uint32(446), []byte{0x80, 0, 0, 0, 5}, uint32(510), []byte{0x55})
	f.Add(uint8(3), uint32(17*2048+71), []byte{1}, uint32(32768), []byte{1})
	f.Fuzz(func(t *testing.T, which uint8, at1 uint32, change1 []byte, at2 uint32, change2 []byte) {
		disk := bytes.Clone(disks[int(which)%len(disks)])
		copy(disk[int64(at1)%int64(len(disk)):], change1)
		copy(disk[int64(at2)%int64(len(disk)):], change2)
		got, err := LookDisk(bytes.NewReader(disk), int64(len(disk)))
		if err == nil && got.Description == "" {
			t.Error("it says nothing")
		}
	})
}
