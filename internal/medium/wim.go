package medium

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/bootconfig"
	"github.com/spurboot/spur/internal/image"
)

// besideWIM is a file that media with Windows have beside their image, and that wimboot is
// given with it.
type besideWIM struct {
	name     string
	firmware boot.Firmware
	arch     boot.Arch
	at       []string // where it is, the likelier first
}

// besideWIMs are those files: as Microsoft's media and copype have them (Windows ADK, the
// folder Media), or all in one folder, as iPXE's users do. The boot configuration for UEFI
// has other paths than that for a BIOS, for which wimboot would change them in a pinch.
func besideWIMs() []besideWIM {
	return []besideWIM{
		{"bootmgr", boot.BIOS, "", []string{"bootmgr"}},
		{"bcd", boot.BIOS, "", []string{"boot/bcd", "bcd"}},
		{"bcd", boot.UEFI, "", []string{"efi/microsoft/boot/bcd", "boot/bcd", "bcd"}},
		{"boot.sdi", "", "", []string{"boot/boot.sdi", "boot.sdi"}},
		{"bootx64.efi", boot.UEFI, boot.X64, []string{"efi/boot/bootx64.efi", "bootx64.efi"}},
		{"bootia32.efi", boot.UEFI, boot.X86, []string{"efi/boot/bootia32.efi", "bootia32.efi"}},
		{"bootaa64.efi", boot.UEFI, boot.ARM64, []string{"efi/boot/bootaa64.efi", "bootaa64.efi"}},
	}
}

// BesideWIM finds what wimboot is to be given with an image that belongs to a tree of files;
// in is a file of that.
func BesideWIM(files fs.FS, in func(name string) boot.File) []boot.WIMFile {
	m := bootconfig.NewMedium(files)
	var all []boot.WIMFile
	for _, b := range besideWIMs() {
		for _, at := range b.at {
			name, ok := m.Find(at)
			if info, err := fs.Stat(files, name); !ok || err != nil || !info.Mode().IsRegular() {
				continue
			}
			all = append(all, boot.WIMFile{Name: b.name, File: in(name), Firmware: b.firmware, Arch: b.arch})
			break
		}
	}
	return all
}

// NewWIM is what boots an image that was looked into, with files beside it. Of two with one
// name the first counts.
func NewWIM(file boot.File, bytes int64, found image.WIM, beside []boot.WIMFile) boot.WIM {
	w := boot.WIM{Image: file, Arch: found.Arch, Bytes: bytes, Inside: map[boot.Firmware][]string{}, Lacks: map[boot.Firmware][]string{}}
	for _, f := range beside {
		if !slices.ContainsFunc(w.Beside, func(other boot.WIMFile) bool { return supersedes(other, f) }) {
			w.Beside = append(w.Beside, f)
		}
	}
	for firmware, names := range map[boot.Firmware][]string{boot.BIOS: {"bootmgr", "bcd", "boot.sdi"}, boot.UEFI: {"bootmgfw.efi", "bcd", "boot.sdi"}} {
		for _, name := range names {
			inside := found.Unread || slices.Contains(found.Inside[firmware], name)
			switch {
			case slices.ContainsFunc(w.Beside, func(f boot.WIMFile) bool { return standsFor(f, name, firmware, found.Arch) }):
			case !inside:
				w.Lacks[firmware] = append(w.Lacks[firmware], name)
			case name == "bcd" || name == "boot.sdi":
				w.Inside[firmware] = append(w.Inside[firmware], name)
			}
		}
	}
	return w
}

// supersedes tells whether a file is shown in the place of another one on all machines.
func supersedes(f, other boot.WIMFile) bool {
	return strings.EqualFold(f.Name, other.Name) && (f.Firmware == "" || f.Firmware == other.Firmware) && (f.Arch == "" || f.Arch == other.Arch)
}

// standsFor tells whether a file is the one that wimboot wants by a name on a firmware. The
// boot manager for UEFI it takes by the name for removable media too.
func standsFor(f boot.WIMFile, name string, firmware boot.Firmware, arch boot.Arch) bool {
	if f.Firmware != "" && f.Firmware != firmware {
		return false
	}
	if name == "bootmgr" && strings.EqualFold(f.Name, "bootmgr.exe") {
		return true
	}
	manager := slices.ContainsFunc(besideWIMs(), func(b besideWIM) bool {
		return b.arch != "" && strings.EqualFold(b.name, f.Name) && (arch == "" || b.arch == arch)
	})
	return name == "bootmgfw.efi" && manager || strings.EqualFold(f.Name, name)
}

// wimRoot is the folder to which the paths of what is beside an image are relative: that
// of the image, or the one above it where that is called sources.
func wimRoot(dir string) string {
	if strings.EqualFold(path.Base(dir), "sources") {
		return path.Dir(dir)
	}
	return dir
}

// WIMFolder is the folder of this host in which BesideWIM is to look for what belongs to
// the image in a file.
func WIMFolder(image string) string { return wimRoot(path.Dir(image)) }

// WIMIn finds the image of Windows PE among the files of a medium.
func WIMIn(files fs.FS) (name string, ok bool) {
	return bootconfig.NewMedium(files).Find("sources/boot.wim")
}

// note is what is known of the family's media and, of Windows, what else boots of this one.
func (d Disc) note() string {
	note := d.Found.Family.Note
	if d.Found.WIM == "" {
		return note
	}
	if whole, err := image.LookDisk(d.r, d.size); err == nil && (whole.BIOS || len(whole.EFI) > 0) {
		note += ". Without wimboot --as disk boots the image as a whole"
	}
	return note
}

// WIM is the Windows of a medium whose family has one, with files that go before the
// medium's. about says in words what it is.
func (d Disc) WIM(named []boot.WIMFile) (w boot.WIM, about string, err error) {
	var found image.WIM
	var bytes int64
	err = d.looking(d.Found.WIM, func(r io.ReaderAt, n int64) (err error) {
		bytes = n
		found, err = image.LookWIM(r, n)
		return err
	})
	if err == nil && !found.Boots {
		err = advice.New(fmt.Sprintf("%s holds no image that is marked as the one that boots", d.inside(d.Found.WIM)), again)
	}
	if err != nil {
		return w, "", err
	}
	about = fmt.Sprintf("%s in %s", found.Description, d.Found.WIM)
	return NewWIM(d.inside(d.Found.WIM), bytes, found, append(named, BesideWIM(d.Image, d.inside)...)), about, nil
}
