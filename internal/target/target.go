package target

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/family"
	"github.com/spurboot/spur/internal/image"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/tree"
)

// Target is what the command line says should boot.
type Target struct {
	Kernel   string   // path or URL
	As       string   // the kind of payload that it is, whatever it looks like; empty: what it looks like
	Initrds  []string // paths or URLs, merged in this order
	Cmdline  string
	Modules  []string // of a Multiboot kernel or Xen: a path or URL, a blank, and what the kernel is told about it
	DTB      string   // path of a device tree, or of a folder with some
	Message  string
	RootPath string
	Watch    bool         // look into it again when a file of it has changed
	Shadow   string       // where Macs without a disk may write
	Entry    string       // of a medium's menu, by its title or number; empty for the one that is preset there
	Root     string       // over what the system of an ISO image is to find its root; empty for the best way
	Families string       // a file of families of media, before those that Spur knows; empty for none
	table    family.Table // those and Spur's own, once they were read for many targets
	// For are the targets of machines of some architectures, in the place of this one.
	For map[boot.Arch]Target
	// Menu lets people choose what machines boot: this target, or another one; nil for
	// no choice.
	Menu *Menu
	// oneOfMany: it is one of the targets in a folder, which the loader boots that draws
	// their menu: what an image has of loaders isn't looked at, which takes longer than all
	// else.
	oneOfMany bool
}

// Named are the files, folders and URLs that a target names.
func (t Target) Named() []string {
	all := append([]string{t.Kernel}, t.Initrds...)
	for _, arch := range t.architectures() {
		all = append(all, t.For[arch].Named()...)
	}
	if t.Menu != nil {
		for _, item := range t.Menu.Targets {
			all = append(all, item.Named()...)
		}
	}
	return all
}

// Inspect finds out what a target is, and those of some architectures.
func (t Target) Inspect(ctx context.Context, up Upstream) (Inspected, error) {
	if t.Menu != nil {
		l, err := t.Menu.inspect(ctx, up)
		if ctx.Err() != nil {
			return Inspected{}, context.Cause(ctx) // what it didn't come to was left out
		}
		return l, err
	}
	l, err := t.InspectAlone(ctx, up)
	if folder, ok := l.Payload.Content.(boot.Folder); ok {
		l.warnOfDiscs(folder.Dir)
	}
	for _, arch := range t.architectures() {
		if err != nil {
			return Inspected{}, err
		}
		var other Inspected
		other, err = t.For[arch].inspectFor(ctx, arch, up)
		l.Warnings = append(l.Warnings, other.Warnings...)
		l.add(forOne{arch: arch, Inspected: other})
	}
	return l, err
}

// InspectAlone finds out what a target is by itself, without its menu and the targets of
// architectures, and what it needs.
func (t Target) InspectAlone(ctx context.Context, up Upstream) (Inspected, error) {
	l, err := t.lookInto(ctx, up)
	if err == nil {
		err = t.checkRoot(l)
	}
	if err == nil {
		l.tellMemory()
		for n := range l.others {
			l.others[n].tellMemory()
		}
	}
	return l, err
}

// lookInto finds out what a target is.
func (t Target) lookInto(ctx context.Context, up Upstream) (Inspected, error) {
	if t.isLocal() {
		return t.lookLocal()
	}
	if t.As != "" && t.As != string(boot.KindMultiboot) && t.As != string(boot.KindXen) {
		if err := t.withoutModules("taken for " + t.As); err != nil {
			return Inspected{}, err
		}
	}
	if t.As == string(boot.KindNetBoot) || t.As == "" && image.MeantForNetBoot(t.Kernel) {
		return t.lookNetBoot()
	}
	l := Inspected{Payload: boot.Payload{Message: t.Message, RootPath: t.RootPath}}
	switch {
	case t.isCOM32():
		err := l.takeCOM32(ctx, t, up)
		return l, err
	case t.As == string(boot.KindNBP):
		err := l.takeNBP(ctx, t, up)
		return l, err
	case t.windowsIn() != "":
		err := l.takeWindowsFolder(ctx, t, t.windowsIn(), up)
		return l, err
	case t.isFolder():
		err := l.takeFolder(t)
		if err == nil {
			l.warnOfScripts(t.Kernel)
		}
		return l, err
	case t.As == string(boot.KindDisk):
		err := l.takeDisk(ctx, t, up)
		return l, err
	}
	file, found, err := t.lookKernel(ctx, up.read)
	if err != nil {
		return Inspected{}, err
	}
	if found.IsDisc() && (t.As == "" || t.As == string(boot.KindLinux)) {
		if err := t.withoutModules(found.Description); err != nil {
			return Inspected{}, err
		}
		err := l.takeDisc(ctx, t, file, up)
		return l, err
	}
	if t.Entry != "" {
		return Inspected{}, entryOption.about(advice.Misused(advice.New(fmt.Sprintf("--entry names an entry of an ISO image's menu, and %s is none", t.Kernel), "leave --entry out")))
	}
	if found, err = t.overrule(found); err != nil {
		return Inspected{}, err
	}
	l.about = found.Description
	if found.Kind == boot.KindMultiboot {
		err := l.takeMultiboot(ctx, t, file, found, up)
		return l, err
	}
	if found.Kind == boot.KindXen {
		err := l.takeXen(ctx, t, file, found, up)
		return l, err
	}
	if err := t.withoutModules(found.Description); err != nil {
		return Inspected{}, err
	}
	if found.Kind == boot.KindWIM {
		err := l.takeWIM(ctx, t, file, up)
		return l, err
	}
	if found.Kind == boot.KindNBP {
		err := l.takeNBP(ctx, t, up)
		return l, err
	}
	if found.Kind == boot.KindDisk {
		err := l.takeDisk(ctx, t, up)
		return l, err
	}
	if found.Kind == boot.KindScript {
		if err := t.onlyItself("an iPXE script, which machines are given as it is", "put into the script what it is to load and to show, or name a kernel"); err != nil {
			return Inspected{}, err
		}
		err := l.takeScript(ctx, file, up)
		return l, err
	}
	if found.Kind == boot.KindEFI {
		l.Payload.Content = boot.EFI{Program: file, Arch: found.Arch, Signed: found.Signed}
		return l, t.onlyItself("an EFI application, which is started as it is", "build it into the application, or name a kernel")
	}
	linux := boot.Linux{
		Kernel: file, Arch: found.Arch,
		Abilities: found.Abilities(),
	}
	if err := l.addInitrds(ctx, t, &linux, up); err != nil {
		return Inspected{}, err
	}
	if found.Arch == boot.ARM64 && !file.IsURL() {
		linux.DeviceTrees = rpiDeviceTrees(file.Source)
	}
	if err := t.addDeviceTrees(&linux); err != nil {
		return Inspected{}, err
	}
	linux.Room = l.room(boot.RoomOf(found.Extent))
	linux.Cmdline, err = t.cmdline(ctx, up)
	l.Payload.Content, l.calls = linux, kernelCalls(file.Base(), found.Version)
	return l, err
}

// kinds are those that --as can name.
func kinds() []string {
	return []string{string(boot.KindLinux), string(boot.KindMultiboot), string(boot.KindXen), string(boot.KindScript), string(boot.KindEFI), string(boot.KindCOM32), string(boot.KindNBP), string(boot.KindFolder), string(boot.KindNetBoot), string(boot.KindDisk), string(boot.KindWIM)}
}

// overrule takes a file for what the operator says that it is, where it can be that:
// a kernel with an EFI stub is an EFI application too.
func (t Target) overrule(found image.Found) (image.Found, error) {
	switch {
	case t.As == "" || t.As == string(found.Kind):
		return found, nil
	case t.As == string(boot.KindEFI) && found.Kind == boot.KindXen:
		found.Kind = boot.KindEFI
		return found, nil
	case t.As == string(boot.KindEFI) && found.EFIStub && found.Compression == "":
		found.Kind, found.Description = boot.KindEFI, found.Description+", as an EFI application"
		return found, nil
	}
	return found, asOption.about(advice.Misused(advice.New(fmt.Sprintf("%s is no %s: it is %s", t.Kernel, t.As, found.Description), "leave --as out")))
}

// cmdline reads the command line. The files that it names must be there.
func (t Target) cmdline(ctx context.Context, up Upstream) (boot.Template, error) {
	cmdline, err := parseCmdline(t.Cmdline)
	if err != nil {
		return boot.Template{}, err
	}
	return checked(ctx, cmdline, up)
}

// checked is a command line whose files are there.
func checked(ctx context.Context, cmdline boot.Template, up Upstream) (boot.Template, error) {
	cmdline, err := cmdline.MapFiles(func(name string) (string, error) {
		f, err := located(name)
		if err != nil {
			return "", err
		}
		return f.Source, up.check(ctx, f)
	})
	return cmdline, cmdlineOption.about(advice.Or(err, "the command line refers to this file; check its name and its permissions"))
}

func (t Target) lookKernel(ctx context.Context, from image.Reader) (boot.File, image.Found, error) {
	f, err := located(t.Kernel)
	if err != nil {
		return f, image.Found{}, err
	}
	if f.IsURL() {
		found, err := image.Fetch(ctx, f.Source, from)
		return f, found, err
	}
	found, err := image.Open(f.Source)
	if errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(filepath.Base(t.Kernel), "=,") {
		err = advice.Wrap(err, "titles and commas are those of a menu: add --menu; without one the initrds are arguments of their own")
	}
	return f, found, err
}

// addInitrds looks into the initrds that were named, and adds them to a kernel.
func (l *Inspected) addInitrds(ctx context.Context, t Target, linux *boot.Linux, up Upstream) error {
	for n, name := range t.Initrds {
		f, err := l.lookInitrd(ctx, name, up.read)
		if err != nil {
			return initrdsOption.aboutNumber(n, err)
		}
		linux.Initrds = append(linux.Initrds, f)
	}
	return nil
}

func (l *Inspected) lookInitrd(ctx context.Context, name string, from image.Reader) (boot.File, error) {
	f, err := located(name)
	if err != nil {
		return f, err
	}
	var found image.Initrd
	if f.IsURL() {
		found, err = image.FetchInitrd(ctx, f.Source, from)
	} else {
		found, err = image.OpenInitrd(f.Source)
	}
	if err != nil {
		return f, err
	}
	if found.Warning != "" {
		l.Warnings = append(l.Warnings, name+": "+found.Warning)
	}
	l.initrds = append(l.initrds, found.Extent)
	return f, nil
}

// takeScript reads an iPXE script whole. It is given to machines as it is, but
// for the URLs that are filled in.
func (l *Inspected) takeScript(ctx context.Context, source boot.File, up Upstream) error {
	text, err := up.text(ctx, source)
	if err != nil {
		return err
	}
	script, others, err := boot.ParseScript(text)
	if err != nil {
		return advice.Wrap(fmt.Errorf("%s: %w", source.Base(), err), `write it as {{ ID "file" }}`)
	}
	if name := shadowed(source, text); name != "" {
		l.Warnings = append(l.Warnings, fmt.Sprintf("%s names %s, which is Spur's name for the script itself; give that file another one", source.Base(), name))
	}
	for _, other := range others {
		l.Warnings = append(l.Warnings, fmt.Sprintf(`%s has %q, which is left as it is: Spur fills in {{ ID "file" }} and {{ UP }}`, source.Base(), other))
	}
	script, err = script.MapFiles(func(name string) (string, error) {
		f, err := besideScript(source, name)
		if err != nil {
			return "", err
		}
		return f.Source, up.check(ctx, f)
	})
	l.Payload.Content = boot.Script{Text: script, File: source}
	l.Script = text
	if at := (*boot.FileError)(nil); errors.As(err, &at) {
		err = fmt.Errorf("%s, line %d: %w", source.Base(), at.Line, err)
	}
	return advice.Or(err, "the script refers to this file; check its name and its permissions")
}

// FindLoaded tells of the files that an iPXE script loads and that aren't there:
// by an error where every machine would stop at one, else by warnings.
func (l *Inspected) FindLoaded(ctx context.Context, files *tree.ScriptFiles, host route.Host) error {
	loads := &tree.Tree{Host: host, ScriptFiles: files}
	for _, r := range loads.Missing(ctx, l.Payload.Title(), l.Script) {
		trouble := "can't be had"
		if errors.Is(r.Err, fs.ErrNotExist) {
			trouble = "isn't there"
		}
		why := fmt.Errorf("%s, line %d, loads %s, which %s: %w", r.Script, r.Line, r.Name, trouble, withoutCall(r.Err))
		if r.Sure {
			return advice.Or(why, "put the file beside the script, or correct its name in the script: every machine would stop there")
		}
		why = advice.Or(why, "put the file beside the script, or correct its name in the script")
		l.Warnings = append(l.Warnings, why.Error()+"; "+advice.Of(why))
	}
	return nil
}

// withoutCall is why a file of this host can't be had, without the system call that said so.
func withoutCall(err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) && advice.Of(err) == "" {
		return at.Err
	}
	return err
}

// shadowed is a name in a script that Spur's own script has beside it; empty
// for none, and for the script's own name, which leads back to it.
func shadowed(source boot.File, script string) string {
	for _, word := range strings.Fields(script) {
		if word == route.IPXEScript && word != source.Base() {
			return word
		}
	}
	return ""
}

// besideScript is the file that a script refers to: relative to the script.
func besideScript(script boot.File, name string) (boot.File, error) {
	f := boot.File{Source: name}
	switch {
	case f.IsURL():
	case script.IsURL():
		base, err := url.Parse(script.Source)
		if err != nil {
			return f, notAURL(script.Source)
		}
		u, err := base.Parse(name)
		if err != nil {
			return f, notAURL(name)
		}
		f.Source = u.String()
	case !filepath.IsAbs(name):
		f.Source = filepath.Join(filepath.Dir(script.Source), name)
	}
	return located(f.Source)
}

func notAURL(name string) error {
	return advice.New(fmt.Sprintf("%q is no URL", name), "write what is no letter, digit or one of -._~/ as %XX")
}

// ScriptFiles are the files that an iPXE script names relative to itself; nil for
// what is no script. Close them.
func (l *Inspected) ScriptFiles(open func(context.Context, string) (fs.File, error)) (*tree.ScriptFiles, error) {
	script, ok := l.Payload.Content.(boot.Script)
	if !ok {
		return nil, nil
	}
	text := script.Text.Fill(func(boot.File) string { return "" }, "")
	if script.File.IsURL() {
		return tree.RemoteScriptFiles(script.File, text, open)
	}
	return tree.LocalScriptFiles(script.File, text)
}

// located makes a name absolute: what is served must not depend on a later
// change of folder.
func located(name string) (boot.File, error) {
	f := boot.File{Source: name}
	if err := f.Check(); err != nil {
		return boot.File{}, advice.Wrap(err, "rename it, or give a shorter one")
	}
	if f.IsURL() {
		if !strings.HasPrefix(name, "http://") && !strings.HasPrefix(name, "https://") {
			return boot.File{}, advice.New(fmt.Sprintf("%s is a URL that Spur cannot fetch", name), "use http:// or https://, or a path")
		}
		return f, nil
	}
	path, err := filepath.Abs(name)
	return boot.File{Source: path}, err
}

func readable(path string) error {
	f, err := OpenRegular(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// OpenRegular opens a regular file. Nothing else is opened: a pipe would wait for its
// writer.
func OpenRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no file %s (%w)", path, fs.ErrNotExist)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, advice.New(path+" is no regular file", "name one, because it is read again for each machine")
	}
	return os.Open(path)
}
