package medium

import (
	"io"
	"slices"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/family"
	"github.com/spurboot/spur/internal/image"
)

// System is a kernel with what goes with it, and in words what it is.
type System struct {
	Linux boot.Linux
	About string
}

// kernelsMost bounds the kernels that are looked at for other architectures.
const kernelsMost = 16

// Systems are what an entry boots, as of Linux, and where none is named what machines of
// other architectures boot: of each the first system that the medium has. A machine with a
// BIOS boots the first of them all.
func (d Disc) Systems(entry string) ([]System, error) {
	linux, about, err := d.Linux(entry)
	if err != nil {
		return nil, err
	}
	all := []System{{linux, about}}
	if entry != "" {
		return all, nil
	}
	looked := []string{linux.Kernel.Inside}
	for _, s := range slices.Concat(d.Found.Systems, d.Found.Further) {
		if slices.Contains(looked, s.Kernel) || len(looked) == kernelsMost {
			continue
		}
		looked = append(looked, s.Kernel)
		if other, ok := d.otherwise(all, s); ok {
			all = append(all, other)
		}
	}
	if i := slices.IndexFunc(all, forBIOS); i > 0 {
		first := all[i]
		all = slices.Insert(slices.Delete(all, i, i+1), 0, first)
	}
	return all, nil
}

// forBIOS tells whether a machine with a BIOS may start a system.
func forBIOS(s System) bool {
	return s.Linux.Arch == boot.X64 || s.Linux.Arch == boot.X86
}

// otherwise is a system for machines that start none of some others. What can't be read, or
// isn't for any known architecture, is none.
func (d Disc) otherwise(others []System, s family.System) (System, bool) {
	arch := d.archOf(s.Kernel)
	if arch == "" || slices.ContainsFunc(others, func(o System) bool { return o.Linux.StartedBy(arch) }) {
		return System{}, false
	}
	linux, kernel, err := d.linux(s)
	return System{linux, d.about(kernel.Description, s)}, err == nil
}

// archOf is the architecture of a kernel; empty where it isn't known.
func (d Disc) archOf(kernel string) (arch boot.Arch) {
	_ = d.looking(kernel, func(r io.ReaderAt, n int64) error {
		found, err := image.Look(r, n)
		arch = found.Arch
		return err
	}) // one that can't be read is for none
	return arch
}
