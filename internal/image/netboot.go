package image

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/wholefile"
)

// netBootInfo is the file that makes a folder a NetBoot image.
const netBootInfo = "NBImageInfo.plist"

// IsNetBoot tells whether a path is a folder with a NetBoot image, or one of such
// folders, as Apple's server has them (NetBootSP0).
func IsNetBoot(path string) bool {
	return len(netBootFolders(path)) > 0
}

// MeantForNetBoot tells whether a path is that, or a folder that is called like an image.
func MeantForNetBoot(path string) bool {
	info, err := os.Stat(path)
	return IsNetBoot(path) || err == nil && info.IsDir() && filepath.Ext(filepath.Clean(path)) == ".nbi"
}

// netBootFolders are the .nbi folders that a path stands for.
func netBootFolders(path string) []string {
	isImage := func(dir string) bool {
		info, err := os.Stat(filepath.Join(dir, netBootInfo))
		return err == nil && info.Mode().IsRegular()
	}
	if isImage(path) {
		return []string{path}
	}
	inside, err := filepath.Glob(filepath.Join(strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path), "*.nbi"))
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(inside, func(dir string) bool { return !isImage(dir) })
}

// OpenNetBoot looks into the NetBoot images at some paths, which may be folders of
// them. Of those in a folder the ones that say that they are disabled are left out.
// rootPath says where their root image is, in the place of what they say; empty for
// that. Errors name the image.
func OpenNetBoot(rootPath string, paths ...string) (all boot.NetBoot, warnings []string, err error) {
	for _, path := range paths {
		if path, err = filepath.Abs(path); err != nil {
			return boot.NetBoot{}, nil, err
		}
		dirs := netBootFolders(path)
		if len(dirs) == 0 {
			return boot.NetBoot{}, nil, advice.New(path+" has no "+netBootInfo+", which makes a folder a NetBoot image", "make the image anew with System Image Utility, write that file, or name the folder that has it; --as folder boots other machines by loaders in it")
		}
		for _, dir := range dirs {
			image, disabled, warning, err := openNetBoot(dir, rootPath)
			switch {
			case err != nil:
				return boot.NetBoot{}, nil, err
			case disabled && dir != path:
				warnings = append(warnings, dir+" is left out: it says that it is disabled (IsEnabled)")
				continue
			case warning != "":
				warnings = append(warnings, dir+": "+warning)
			}
			if other, twice := all.Image(image.Index); twice {
				return boot.NetBoot{}, nil, advice.New(fmt.Sprintf("%s and %s have the same Index, %d, by which Macs name them", other.Dir, dir, image.Index),
					"give one of them another Index in its "+netBootInfo)
			}
			all.Images = append(all.Images, image)
		}
	}
	if len(all.Images) == 0 {
		return boot.NetBoot{}, nil, advice.New(strings.Join(paths, ", ")+" has no NetBoot image that is enabled", "set IsEnabled to true in an image's "+netBootInfo+", or name the image itself")
	}
	return all, warnings, nil
}

// openNetBoot looks into one .nbi folder.
func openNetBoot(dir, rootPath string) (image boot.NetBootImage, disabled bool, warning string, err error) {
	text, err := wholefile.Read(filepath.Join(dir, netBootInfo), netBootInfoMost)
	if err != nil {
		return image, false, "", Explain(filepath.Join(dir, netBootInfo), err)
	}
	info, err := readNetBootInfo(text)
	if err != nil {
		return image, false, "", describeBadInfo(dir, err)
	}
	image, err = info.image()
	if err != nil {
		return image, false, "", describeBadInfo(dir, err)
	}
	image.Dir = dir
	if err := info.findBooters(&image); err != nil {
		return image, false, "", err
	}
	if image.RootPath = rootPath; rootPath == "" {
		warning, err = info.findRoot(&image)
	}
	return image, !info.flag("IsEnabled", true), warning, err
}

// describeBadInfo says what to do about a description that isn't one.
func describeBadInfo(dir string, err error) error {
	var m *Mismatch
	if errors.As(err, &m) {
		return advice.Wrap(fmt.Errorf("%s: %s is %s, and no property list", dir, netBootInfo, m.Looks), m.Hint)
	}
	return advice.Wrap(fmt.Errorf("%s: %s: %w", dir, netBootInfo, err), "make the image anew with System Image Utility, or correct that entry")
}

// DescribeNetBoot says for people what images are.
func DescribeNetBoot(n boot.NetBoot) string {
	if len(n.Images) == 1 {
		return fmt.Sprintf("NetBoot image %q for %s", n.Images[0].Name, strings.Join(n.Archs(), " and "))
	}
	var names []string
	for _, i := range n.Images {
		names = append(names, fmt.Sprintf("%q", i.Name))
	}
	return "NetBoot images for " + strings.Join(n.Archs(), " and ") + ": " + strings.Join(names, ", ")
}
