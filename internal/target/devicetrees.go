package target

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
)

// deviceTreesMost bounds how many device trees a folder may have. Linux has some
// 2,500 of 64-bit ARM.
const deviceTreesMost = 10_000

// addDeviceTrees adds what --dtb names: a device tree for all boards, or those below a
// folder, from which each takes its own.
func (t Target) addDeviceTrees(linux *boot.Linux) error {
	return dtbOption.about(t.findDeviceTrees(linux))
}

func (t Target) findDeviceTrees(linux *boot.Linux) error {
	if t.DTB == "" {
		return nil
	}
	info, err := os.Stat(t.DTB)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return advice.New("there is no file or folder "+t.DTB, "--dtb names a device tree (.dtb), or a folder with some")
	case err != nil:
		return advice.Or(err, "--dtb names a device tree (.dtb), or a folder with some")
	case !info.IsDir():
		if linux.DeviceTree, err = located(t.DTB); err == nil {
			err = checkDeviceTree(t.DTB)
		}
		return err
	}
	linux.DeviceTrees, err = deviceTreesBelow(t.DTB)
	if err == nil && len(linux.DeviceTrees) == 0 {
		return advice.New(fmt.Sprintf("below %s is no file *.dtb", t.DTB), "name a folder with device trees, or one of them; Debian's kernels have theirs in /usr/lib/linux-image-VERSION")
	}
	return advice.Or(err, "see to that folder's permissions, or name one with fewer")
}

func deviceTreesBelow(folder string) (all []boot.File, err error) {
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Ext(path) != ".dtb" {
			return err
		}
		if len(all) == deviceTreesMost {
			return fmt.Errorf("below %s are more than %d device trees", folder, deviceTreesMost)
		}
		f, err := located(path)
		all = append(all, f)
		return err
	})
	return all, err
}

// deviceTreeMagic begins a device tree (Devicetree Specification, section 5.2).
const deviceTreeMagic = "\xd0\x0d\xfe\xed"

// checkDeviceTree refuses a file that is none.
func checkDeviceTree(path string) error {
	f, err := OpenRegular(path)
	if err != nil {
		return err
	}
	magic := make([]byte, len(deviceTreeMagic))
	_, err = io.ReadFull(f, magic)
	if err = cmp.Or(err, f.Close()); err != nil || string(magic) != deviceTreeMagic {
		return advice.New(path+" is no device tree", "name one that a compiler has made (.dtb), or a folder with some")
	}
	return nil
}
