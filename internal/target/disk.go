package target

import (
	"context"
	"fmt"
	"io"
	"io/fs"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/image"
	"github.com/spurboot/spur/internal/rawdisk"
)

// takeDisk takes a target for a disk, which machines boot as a whole.
func (l *Inspected) takeDisk(ctx context.Context, t Target, up Upstream) error {
	alone := t
	alone.Message = "" // every loader between shows it
	if err := alone.onlyItself("a disk, which is booted as it is", "put it onto the disk, or name the kernel that is on it"); err != nil {
		return err
	}
	f, err := located(t.Kernel)
	if err != nil {
		return err
	}
	found, err := lookDisk(ctx, f, up)
	if err != nil {
		return err
	}
	found.Image = f
	if found.Damage != "" && t.As != string(boot.KindDisk) {
		return advice.New(fmt.Sprintf("%s: %s", t.Kernel, found.Damage), "download or copy it again; if it is meant to be so, boot what there is by --as disk")
	}
	if !found.BIOS && len(found.EFI) == 0 && found.GRUB.Path == "" {
		if t.As != string(boot.KindDisk) {
			article := "a"
			if found.Layout == boot.LayoutISO {
				article = "an"
			}
			return advice.New(fmt.Sprintf("%s is %s %s", t.Kernel, article, found.Description),
				"put a loader for removable media on it (grub-install --removable, or EFI/BOOT/BOOTX64.EFI in a FAT file system), or have a BIOS try it by --as disk; a flat program that a BIOS loads, an NBP, boots with --as nbp")
		}
		found.BIOS = true
	}
	l.about, l.Payload.Content = found.Description, found.Disk
	return nil
}

// lookDisk looks at the disk in an image.
func lookDisk(ctx context.Context, f boot.File, up Upstream) (found image.Disk, err error) {
	open := up.Disks.Open
	if up.Later {
		open = rawdisk.Ready{Images: up.Disks}.Open
	}
	look := func(opened fs.File) error {
		disk, err := open(ctx, f.Source, opened)
		if err != nil {
			return advice.Or(err, "check its name, and whether it can be read here by other programs")
		}
		defer disk.Close()
		info, err := disk.Stat()
		if err != nil {
			return err
		}
		content, ok := disk.(io.ReaderAt)
		if !ok {
			return fmt.Errorf("%s can't be read at random", f.Source)
		}
		found, err = image.LookDisk(content, info.Size())
		return image.Explain(f.Source, err)
	}
	if f.IsURL() {
		return found, up.with(ctx, f.Source, look)
	}
	local, err := OpenRegular(f.Source)
	if err != nil {
		return found, advice.Or(err, "check its name and its permissions")
	}
	return found, look(local)
}
