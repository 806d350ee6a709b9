package image

import (
	"fmt"

	"github.com/spurboot/spur/block/partition"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/fat"
	"github.com/spurboot/spur/internal/iso"
)

// grubFoldersMost bounds the folders of EFI that are looked into.
const grubFoldersMost = 16

// grubConfig is the path of the first configuration of a GRUB in a file system, by what
// tells of a path whether there is a file; "" for none. Systems have a folder each in EFI.
func grubConfig(isFile func(path string) bool, inEFI []string) string {
	folders := []string{"boot/grub", "boot/grub2", "grub", "grub2"}
	for _, name := range inEFI[:min(len(inEFI), grubFoldersMost)] {
		folders = append(folders, "EFI/"+name)
	}
	for _, folder := range folders {
		if path := folder + "/grub.cfg"; isFile(path) {
			return "/" + path
		}
	}
	return ""
}

// grubPartition is what GRUB calls a partition of a disk.
func grubPartition(scheme partition.Scheme, p partition.Partition) string {
	if scheme == partition.GPT {
		return fmt.Sprintf("gpt%d", p.Number)
	}
	return fmt.Sprintf("msdos%d", p.Number)
}

// takeGRUB takes the configuration on a file system of FAT, unless one before had one.
func (l *diskLook) takeGRUB(system *fat.FileSystem, partition string) {
	if l.found.GRUB.Path != "" {
		return
	}
	var inEFI []string
	all, _ := system.ReadFolder("EFI") // one that can't be read has none
	for _, e := range all {
		if e.Folder && e.Name != "." && e.Name != ".." {
			inEFI = append(inEFI, e.Name)
		}
	}
	path := grubConfig(func(path string) bool { _, err := system.Open(path); return err == nil }, inEFI)
	if path != "" {
		l.found.GRUB = boot.GRUBConfig{Partition: partition, Path: path}
	}
}

// takeISOGRUB takes the configuration on an optical disc, which has no partitions to GRUB.
func (l *diskLook) takeISOGRUB(disc *iso.Image) {
	var inEFI []string
	all, _ := disc.ReadDir("EFI") // as above
	for _, e := range all {
		inEFI = append(inEFI, e.Name())
	}
	l.found.GRUB.Path = grubConfig(func(path string) bool {
		info, err := disc.Stat(path)
		return err == nil && info.Mode().IsRegular()
	}, inEFI)
}
