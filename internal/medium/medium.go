package medium

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/family"
	"github.com/spurboot/spur/internal/image"
	"github.com/spurboot/spur/internal/initrdlayout"
	"github.com/spurboot/spur/internal/iso"
	"github.com/spurboot/spur/internal/printable"
)

// Disc is the image of an optical disc that was looked into.
type Disc struct {
	File  boot.File
	Image *iso.Image
	Found family.Found
	r     io.ReaderAt
	size  int64
}

// UnfitError says that a medium has no system that boots over the network from its files.
type UnfitError struct{ error }

// Unwrap is the error itself.
func (e UnfitError) Unwrap() error { return e.error }

// NoEntryError says that there is no entry of a name.
type NoEntryError struct{ error }

// Unwrap is the error itself.
func (e NoEntryError) Unwrap() error { return e.error }

// NoRootError says that a system doesn't find its root over what was asked for.
type NoRootError struct{ error }

// Unwrap is the error itself.
func (e NoRootError) Unwrap() error { return e.error }

// Wanted is what to take a medium for.
type Wanted struct {
	Families family.Table
	Root     family.Over // over what its system is to find its root; empty for the best way
}

// Open looks into an image, which r reads for as long as the disc is used.
func Open(file boot.File, r io.ReaderAt, size int64, wanted Wanted) (Disc, error) {
	if err := image.WholeDisc(r, size); err != nil {
		return Disc{}, advice.Wrap(fmt.Errorf("%s: %w", file.Base(), err), again)
	}
	i, err := iso.Open(r, size)
	if err != nil {
		return Disc{}, advice.Wrap(fmt.Errorf("%s can't be read: %w", file.Base(), err), again)
	}
	if err := i.Whole(); err != nil {
		return Disc{}, advice.Wrap(fmt.Errorf("%s: %w", file.Base(), err), again)
	}
	found := wanted.Families.Recognise(family.Medium{Files: i, Label: i.Label, Size: size, Root: wanted.Root})
	if wanted.Root != "" && found.Family.Name != "" && found.Root.Over == "" {
		return Disc{}, NoRootError{noRoot(file, found, wanted.Root)}
	}
	return Disc{file, i, found, r, size}, nil
}

// noRoot says that a medium's system finds no root over something, and over what it does.
func noRoot(file boot.File, found family.Found, over family.Over) error {
	title, _, _ := strings.Cut(cmp.Or(found.Family.Title, found.Family.Name), ", or a ")
	named := fmt.Sprintf("%s (%s)", file.Base(), title)
	why := fmt.Sprintf("the system of %s doesn't find its root over %s", named, over)
	var ways []family.Over
	for _, r := range found.Ways {
		ways = append(ways, r.Over)
	}
	switch {
	case slices.Contains(ways, family.OverNone):
		return advice.New(named+" needs no root: all is in its initrds", "leave --root out")
	case len(ways) == 0:
		return advice.New(why, "leave --root out")
	}
	return advice.New(why, "leave --root out, or choose one of "+family.Listed(ways))
}

// again is what to do about an image that is damaged.
const again = "download or copy it again"

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

// noEntry says that there is no entry of a name, and why where the menu has one.
func (d Disc) noEntry(entry string) string {
	named := strings.ToLower(fmt.Sprintf("the entry %q of ", entry))
	for _, lacking := range d.Found.Lacking {
		if strings.HasPrefix(strings.ToLower(lacking), named) {
			return d.File.Base() + ": " + printable.Line(lacking)
		}
	}
	return fmt.Sprintf("%s has no entry %q", d.File.Base(), entry)
}

// lacking says what a medium without a system lacks.
func (d Disc) lacking() string {
	if d.Found.PresetLacks != "" {
		return printable.Line(d.Found.PresetLacks)
	}
	return "its kernel or its initrd isn't there"
}

// Lacking says which entries of its menus name files that aren't there.
func (d Disc) Lacking() []string {
	var all []string
	for _, lacking := range d.Found.Lacking {
		all = append(all, printable.Line(lacking))
	}
	return all
}

// Warnings say what may be in the way of its system.
func (d Disc) Warnings() []string {
	all := d.Lacking()
	if note := d.note(); note != "" {
		all = append(all, note)
	}
	if root := d.Found.Root; root.Needs != "" {
		all = append(all, fmt.Sprintf("if its initrd lacks %s, the system doesn't find its root over %s", root.Needs, overText(root.Over)))
	}
	if d.Found.Root.Over == family.OverISO && !strings.HasSuffix(d.File.Base(), ".iso") {
		all = append(all, fmt.Sprintf("the system takes for an image only what is called .iso, and this one is called %s: rename it", d.File.Base()))
	}
	return all
}

// entries names the systems with their numbers.
func (d Disc) entries() string {
	var all []string
	for i, s := range d.Found.Systems {
		all = append(all, fmt.Sprintf("%d: %s", i+1, printable.Line(s.Title)))
	}
	return strings.Join(all, "; ")
}

// unknown is the error about a medium of no family. see is how to look what is on it, for
// who hasn't.
func (d Disc) unknown(see string) error {
	named := d.File.Base()
	if d.Image.Label != "" {
		named += fmt.Sprintf(" (%s)", printable.Line(d.Image.Label))
	}
	if inner := d.images(); len(inner) > 0 && len(d.Image.Boot()) == 0 {
		return advice.New(fmt.Sprintf("%s holds no system, but images: %s", named, strings.Join(inner, ", ")), "take the image that is to boot out of it, and name that")
	}
	for _, c := range d.Found.Configs {
		if len(c.Entries) > 0 {
			return advice.New(fmt.Sprintf("%s is of no family of systems that Spur knows, though %s lists what it boots", named, c.Path), see+"describe it in a file for --families, or name its kernel and initrds")
		}
	}
	return advice.New(named+" holds no system that Spur knows: there is no boot menu on it that names a kernel", see+"name an image that computers boot from")
}

// images are those that lie in an image's topmost folder.
func (d Disc) images() []string {
	entries, err := fs.ReadDir(d.Image, ".")
	if err != nil {
		return nil
	}
	var all []string
	for _, e := range entries {
		if ext := strings.ToLower(path.Ext(e.Name())); (ext == ".iso" || ext == ".img") && len(all) < 8 {
			all = append(all, printable.Line(e.Name()))
		}
	}
	return all
}

// title is what the medium is, in words.
func (d Disc) title() string {
	title := d.Found.Family.Title
	if title == "" {
		title = d.Found.Family.Name
	}
	if d.Found.Info != "" {
		title += fmt.Sprintf(" (%s)", printable.Line(d.Found.Info))
	}
	return title
}

// inside is a file of the medium.
func (d Disc) inside(name string) boot.File { return boot.File{Source: d.File.Source, Inside: name} }

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

// cmdline is the command line with which a system boots over the network.
func (d Disc) cmdline(s family.System) (boot.Template, error) {
	parts, err := d.Found.Arguments(s)
	if err != nil {
		return boot.Template{}, advice.Wrap(fmt.Errorf("%s: %w", d.File.Base(), err), again)
	}
	return d.template(parts, func(text string) (c boot.Template, err error) {
		c.Text(text)
		return c, nil
	})
}

// Cmdline reads a user's own command line, in which what families.yaml has for URLs may stand
// as well as what may in any.
func (d Disc) Cmdline(text string) (boot.Template, error) {
	parts, err := d.Found.Parts(text)
	if err != nil {
		return boot.Template{}, advice.Wrap(fmt.Errorf("the command line: %s: %w", d.File.Base(), err), "name a file of the image; a pattern has * for any part of a name")
	}
	return d.template(parts, boot.ParseCmdline)
}

// template puts parts together, of which read reads the text.
func (d Disc) template(parts []family.Part, read func(string) (boot.Template, error)) (c boot.Template, err error) {
	for _, p := range parts {
		switch {
		case p.Base:
			c.File(d.inside(boot.Root))
		case p.ISO:
			c.File(d.File)
		case p.Export != "":
			told := d.File
			told.Told = boot.Export{Over: d.Found.Root.Over.Protocol(), Word: p.Export, IPv4: d.Found.Root.IPv4}
			c.File(told)
		case p.File != "":
			c.File(d.inside(p.File))
		default:
			text, err := read(p.Text)
			if err != nil {
				return c, err
			}
			c.Append(text)
		}
	}
	return c, nil
}

// about says what is booted of a medium.
func (d Disc) about(kernel string, s family.System) string {
	text := fmt.Sprintf("%s, %q: %s in %s", d.title(), printable.Line(s.Title), kernel, s.Kernel)
	switch d.Found.Root.Over {
	case family.OverHTTP:
		text += "; the system's root comes over HTTP"
	case family.OverISO:
		text += "; the system fetches the whole image over HTTP"
	case family.OverNFS:
		text += "; the system mounts the image's files over NFS"
	case family.OverNBD, family.OverISCSI:
		text += "; the system mounts the image over " + overText(d.Found.Root.Over)
	case family.OverInitrd:
		what := "the whole image"
		if d.Found.Root.Layout != "" {
			what = "the image's files"
		}
		text += "; the system has " + what + " in an initrd"
	}
	return text
}
