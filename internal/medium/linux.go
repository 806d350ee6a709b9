package medium

import (
	"fmt"
	"io"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/family"
	"github.com/spurboot/spur/internal/image"
	"github.com/spurboot/spur/internal/initrdlayout"
)

// Linux is the kernel with what goes with it that an entry boots, by its title or number;
// the preset one for an empty name. about says in words what it is.
func (d Disc) Linux(entry string) (l boot.Linux, about string, err error) {
	s, err := d.system(entry)
	if err != nil {
		return l, "", err
	}
	l, kernel, err := d.linux(s)
	if err != nil {
		return l, "", err
	}
	return l, d.about(kernel.Description, s), nil
}

// system is the one that is to boot. Without one the error says why.
func (d Disc) system(entry string) (family.System, error) {
	f := d.Found
	switch {
	case f.Family.Name == "":
		return family.System{}, UnfitError{d.unknown("spur image show says what is on it; ")}
	case f.Family.Unfit != "":
		return family.System{}, UnfitError{advice.New(fmt.Sprintf("%s (%s) doesn't boot over the network as it is: %s", d.File.Base(), d.title(), f.Family.Unfit), f.Family.Instead)}
	case f.Root.Over == "":
		return family.System{}, advice.New(fmt.Sprintf("%s (%s) lacks what its system's root comes from", d.File.Base(), d.title()), again)
	}
	s, ok := f.Choose(entry)
	switch {
	case ok:
		return s, nil
	case len(f.Systems) == 0:
		return s, advice.New(fmt.Sprintf("%s (%s) doesn't boot: %s", d.File.Base(), d.title(), d.lacking()), again+", or name its kernel and initrds yourself")
	}
	return s, NoEntryError{advice.New(d.noEntry(entry), "its entries are "+d.entries())}
}

// linux is what boots a system. Its kernel and initrds are looked into.
func (d Disc) linux(s family.System) (boot.Linux, image.Found, error) {
	l := boot.Linux{Kernel: d.inside(s.Kernel)}
	var found image.Found
	err := d.looking(s.Kernel, func(r io.ReaderAt, n int64) (err error) {
		found, err = image.Look(r, n)
		l.Room = boot.RoomOf(found.Extent)
		return err
	})
	if err == nil && found.Kind != boot.KindLinux {
		err = advice.New(fmt.Sprintf("%s is %s, and no Linux kernel", l.Kernel, found.Description), "choose another entry with --entry")
	}
	for _, name := range s.Initrds {
		if err != nil {
			break
		}
		l.Initrds = append(l.Initrds, d.inside(name))
		err = d.looking(name, func(r io.ReaderAt, n int64) error {
			found, err := image.LookInitrd(r, n)
			l.Room = l.Room.With(found.Extent)
			return err
		})
	}
	if err != nil {
		return l, found, err
	}
	if d.Found.Root.Over == family.OverInitrd {
		initrd, size, err := d.initrd(d.Found.Root)
		if err != nil {
			return l, found, err
		}
		l.Initrds = append(l.Initrds, initrd)
		l.Room = l.Room.With(boot.Extent{Fetched: size, Unpacked: size})
	}
	l.Room.System = d.Found.Memory
	l.Arch, l.Abilities = found.Arch, found.Abilities()
	l.Cmdline, err = d.cmdline(s)
	return l, found, err
}

// initrd is the one that has the medium, and about how large it is.
func (d Disc) initrd(root family.Root) (boot.File, int64, error) {
	layout, ok := initrdlayout.Find(root.Layout)
	if !ok {
		return boot.File{Source: d.File.Source, Packed: root.Inject}, d.size, nil
	}
	_, bytes, err := layout.Entries(d.Image)
	if err != nil {
		err = advice.Wrap(fmt.Errorf("%s doesn't go into an initrd: %w", d.File.Base(), err), "take a smaller image of the same system, such as a netinst one")
	}
	return boot.File{Source: d.File.Source, Inside: boot.Root, Packed: layout.Name}, bytes, err
}

// looking looks into a file of the medium. Errors name it.
func (d Disc) looking(name string, look func(io.ReaderAt, int64) error) error {
	f, err := d.open(name)
	if err != nil {
		return advice.Wrap(fmt.Errorf("%s: %w", d.inside(name), err), again)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	r, ok := f.(io.ReaderAt)
	if !ok {
		return fmt.Errorf("%s is no file", d.inside(name))
	}
	if err := look(r, info.Size()); err != nil {
		return advice.Wrap(fmt.Errorf("%s: %w", d.inside(name), err), again)
	}
	return nil
}
