package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/grubimage"
	"github.com/spurboot/spur/internal/loaderstore"
	"github.com/spurboot/spur/internal/scratch"
)

// GRUBModules is where distributions have GRUB's modules.
const GRUBModules = grubimage.Modules

// MakeGRUB makes a GRUB for each kind of machine for which a folder has the modules, and
// keeps them as ImportLoaders does.
func MakeGRUB(ctx context.Context, data, modules string) (report loaderstore.Report, err error) {
	store, err := loaderStore(data)
	if err != nil {
		return report, err
	}
	targets := slices.DeleteFunc(grubimage.Targets(), func(t grubimage.Target) bool { return !t.Has(modules) })
	if _, err := os.Stat(filepath.Join(modules, "normal.mod")); len(targets) == 0 && err == nil {
		return report, advice.New(modules+" has modules of GRUB itself, and not folders of them", "name the folder above it: --modules "+filepath.Dir(filepath.Clean(modules)))
	}
	if len(targets) == 0 {
		return report, advice.New("no modules of GRUB were found in "+modules, "install Debian's packages grub-pc-bin for BIOS machines, grub-efi-amd64-bin for UEFI x64; or name their folder with --modules")
	}
	tool, err := grubimage.Tool()
	if err != nil {
		return report, advice.Wrap(err, "install Debian's package grub-common, or Fedora's grub2-tools-minimal")
	}
	dir, err := scratch.New("spur-grub-")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	for _, t := range targets {
		content, err := t.Make(ctx, tool, modules, dir.Path())
		if err != nil {
			return report, advice.Wrap(err, "see that grub-mkimage and the modules in "+modules+" are of one version")
		}
		taken, err := store.Take(t.File, fmt.Sprintf("%s of %s", filepath.Base(tool), filepath.Join(modules, t.Folder)), content)
		if err != nil {
			return report, advice.Or(err, adviseImport(err, modules, store.Dir))
		}
		report.Taken = append(report.Taken, taken)
	}
	return report, nil
}
