package target

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/image"
	"github.com/spurboot/spur/internal/medium"
)

// takeWIM takes a target for an image of Windows PE, with what lies beside it and what was
// named behind it.
func (l *Inspected) takeWIM(ctx context.Context, t Target, file boot.File, up Upstream) error {
	var found image.WIM
	var bytes int64
	look := func(r io.ReaderAt, size int64) (err error) {
		bytes = size
		found, err = image.LookWIM(r, size)
		return err
	}
	beside, err := t.besideWIM(ctx, up)
	if err == nil {
		err = withFile(ctx, file, up, look)
	}
	if err != nil {
		return err
	}
	if !file.IsURL() {
		folder := medium.WIMFolder(file.Source)
		beside = append(beside, medium.BesideWIM(os.DirFS(folder), func(name string) boot.File {
			return boot.File{Source: folder + "/" + name}
		})...)
	}
	if !found.Boots && !choosesImage(t.Cmdline) {
		return advice.New(fmt.Sprintf("%s holds no image that is marked as the one that boots", t.Kernel), "name boot.wim, which is beside install.wim on Windows' media, or choose an image by --cmdline index=1")
	}
	l.about = found.Description
	found.Unread = found.Unread || !found.Boots
	return l.setWIM(t, medium.NewWIM(file, bytes, found, beside))
}

// windowsIn is the image of Windows PE in a target that is a folder with a medium's files;
// empty for none.
func (t Target) windowsIn() string {
	if t.As != "" || !isDir(t.Kernel) {
		return ""
	}
	name, ok := medium.WIMIn(os.DirFS(t.Kernel))
	if !ok {
		return ""
	}
	return filepath.Join(t.Kernel, name)
}

// takeWindowsFolder takes the image of Windows PE in a folder, by whose name it is called: the
// image's own is the same on all media.
func (l *Inspected) takeWindowsFolder(ctx context.Context, t Target, image string, up Upstream) error {
	dir, err := located(t.Kernel)
	if err != nil {
		return err
	}
	file, err := located(image)
	if err != nil {
		return err
	}
	t.Kernel, l.calls = image, dir.Base()
	return l.takeWIM(ctx, t, file, up)
}

// takeWindows takes the image of Windows PE of a medium.
func (l *Inspected) takeWindows(ctx context.Context, t Target, d medium.Disc, up Upstream) error {
	if t.Entry != "" {
		return entryOption.about(advice.Misused(advice.New(fmt.Sprintf("--entry names an entry of a boot menu, and %s has an image of Windows", t.Kernel), "leave --entry out")))
	}
	named, err := t.besideWIM(ctx, up)
	if err != nil {
		return err
	}
	w, about, err := d.WIM(named)
	if err != nil {
		return err
	}
	l.about, l.Warnings = about, append(l.Warnings, d.Warnings()...)
	return l.setWIM(t, w)
}

// setWIM takes an image for what is to boot, if any machine could.
func (l *Inspected) setWIM(t Target, w boot.WIM) error {
	alone := Target{Kernel: t.Kernel, Modules: t.Modules, DTB: t.DTB}
	if err := alone.onlyItself("a Windows image", "leave that out"); err != nil {
		return err
	}
	w.Arguments = strings.Join(strings.Fields(t.Cmdline), " ")
	if bad := foreignArgument(w.Arguments); bad != "" {
		return cmdlineOption.about(advice.Misused(advice.New(fmt.Sprintf("--cmdline %q is no argument of wimboot's, which stops at what it doesn't know", bad), "with a Windows image --cmdline is for wimboot: gui, quiet, pause, rawbcd, rawwim, index=N")))
	}
	if lacks := w.Lacks[boot.BIOS]; len(lacks) > 0 && len(w.Lacks[boot.UEFI]) > 0 {
		return advice.New(fmt.Sprintf("%s is an image of Windows PE without %s, which it has neither inside nor beside it", t.Kernel, strings.Join(lacks, ", ")),
			"copy boot/bcd, boot/boot.sdi and bootmgr of the medium that it is from beside it, or name them behind it")
	}
	l.Payload.Content = w
	return nil
}

// besideWIM are the files that were named behind an image. Windows PE has them in its
// folder System32, but for those by the names of what boots it.
func (t Target) besideWIM(ctx context.Context, up Upstream) ([]boot.WIMFile, error) {
	var all []boot.WIMFile
	for n, name := range t.Initrds {
		f, err := located(name)
		if err == nil {
			err = up.check(ctx, f)
		}
		if err != nil {
			return nil, initrdsOption.aboutNumber(n, advice.Or(err, "check its name and its permissions"))
		}
		if why := unfitForWimboot(f.Base(), all); why != "" {
			return nil, initrdsOption.aboutNumber(n, advice.Misused(advice.New(name+" "+why, "rename it, or leave it out")))
		}
		all = append(all, boot.WIMFile{Name: f.Base(), File: f})
	}
	return all, nil
}

// Bounds of what wimboot takes (VDISK_NAME_LEN and VDISK_MAX_FILES in its vdisk.h; it has
// its own files among those).
const (
	wimNameMost  = 31
	wimFilesMost = 40
)

// unfitForWimboot says why wimboot can't show a file by that name beside others, or "".
func unfitForWimboot(name string, others []boot.WIMFile) string {
	switch {
	case len(others) == wimFilesMost:
		return fmt.Sprintf("is one too many: wimboot is given %d files besides the image", wimFilesMost)
	case len(name) > wimNameMost:
		return fmt.Sprintf("has a name of %d characters, of which wimboot knows %d", len(name), wimNameMost)
	case !regexp.MustCompile(`^[-_.+~A-Za-z0-9]+$`).MatchString(name):
		return "has a name with characters that iPXE can't hand on"
	case strings.HasSuffix(strings.ToLower(name), ".wim"):
		return "is another image, and wimboot starts one"
	case slices.ContainsFunc(others, func(f boot.WIMFile) bool { return strings.EqualFold(f.Name, name) }):
		return "has the name of another of the files"
	}
	return ""
}

// foreignArgument is the first word that is no argument of wimboot's (its cmdline.c); empty
// for none.
func foreignArgument(arguments string) string {
	known := regexp.MustCompile(`^(gui|quiet|pause|pause=quiet|rawbcd|rawwim|index=\d{1,3})$`)
	for _, word := range strings.Fields(arguments) {
		if !known.MatchString(word) {
			return word
		}
	}
	return ""
}

// choosesImage tells whether wimboot is told which image to boot.
func choosesImage(arguments string) bool {
	return slices.ContainsFunc(strings.Fields(arguments), func(word string) bool { return strings.HasPrefix(word, "index=") })
}

// withFile hands a file or what is at a URL over to be read.
func withFile(ctx context.Context, file boot.File, up Upstream, look func(io.ReaderAt, int64) error) error {
	if file.IsURL() {
		return up.read(ctx, file.Source, look)
	}
	f, err := OpenRegular(file.Source)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return look(f, info.Size())
}
