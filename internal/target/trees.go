package target

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// isTree tells whether a folder has a loader's configuration, and is a tree for network
// boots, or the files of a medium: then it is one target.
func isTree(dir string) bool {
	for _, name := range append([]string{"pxelinux.cfg", "pxelinux.0", "grub.cfg", "grub"}, mediumMarks()...) {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return Target{Kernel: dir}.windowsIn() != ""
}

// mediumMarks are what lies at the top of an unpacked medium: Debian's and its children's
// description, a disc's loader for a BIOS, and where live systems and installers of
// Ubuntu's, Fedora's, Debian's and Arch's kind have their files.
func mediumMarks() []string {
	return []string{".disk/info", "isolinux/isolinux.bin", "boot/isolinux/isolinux.bin", "casper", "LiveOS", "images/pxeboot", "live/filesystem.squashfs", "arch/boot"}
}

// isOneTarget tells whether a folder is such a tree and nothing else: one with images of
// discs in it is several targets.
func isOneTarget(dir string) bool { return isTree(dir) && !hasDiscs(dir) }

// hasDiscs tells whether images of discs lie in a folder.
func hasDiscs(dir string) bool {
	list, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(list, isDisc)
}

// warnOfDiscs warns of images of discs in a folder that is served for its loaders.
func (l *Inspected) warnOfDiscs(dir string) {
	files, found := 0, ""
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if files++; files > groupFiles || found != "" {
			return fs.SkipAll
		}
		if err == nil && isDisc(d) {
			found, _ = filepath.Rel(dir, path)
		}
		return nil
	})
	if found != "" {
		l.Warnings = append(l.Warnings, fmt.Sprintf("what the folder's loaders name is served, and %s by itself isn't; add --menu to choose from all that is in the folder", found))
	}
}

// isDisc tells whether a file is the image of a disc by its name.
func isDisc(f fs.DirEntry) bool {
	return !f.IsDir() && strings.EqualFold(filepath.Ext(f.Name()), ".iso")
}
