package target

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/image"
	"github.com/spurboot/spur/internal/rawdisk"
	"github.com/spurboot/spur/internal/wholefile"
)

// Bounds of what is looked at in a folder of targets.
const (
	groupDepth = 4    // folders below each other
	groupFiles = 4096 // with those that don't boot, and folders
	groupItems = 1000
)

// known is what a file turned out to be.
type known struct {
	time time.Time // of its last change, and with it of what is beside it
	size int64
	Inspected
	err error
}

// groupLook is one look through the folders of a catalogue.
type groupLook struct {
	*catalogue
	kept    map[string]known
	files   int
	items   int
	skipped []leftOut
	unread  []leftOut // folders
	deeper  []string  // folders that lie too deep
	empty   []string  // folders that were named of which nothing boots
	// unpacking are images that come into the menu when they are unpacked.
	unpacking []string
	more      string // says by what bound or event the look ended early; empty where it didn't
}

// through finds what boots in a folder and below: the folder's own files first, in the
// order of their names, then each folder in it.
func (g *groupLook) through(ctx context.Context, p part) []entry {
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		g.unread = append(g.unread, p.notBooting(p.dir, err))
		return nil
	}
	defer root.Close()
	awaited := len(g.unpacking)
	found := g.folder(ctx, p, root, ".", p.group, 0)
	if len(found) == 0 && len(g.unpacking) == awaited && g.more == "" {
		g.empty = append(g.empty, p.target.Kernel)
	}
	return found
}

// folder does so for one of the folders. Links count where they stay in the first one. Of a
// folder with a loader's configuration, or with the files of a Windows medium, that is one
// target, and the images of discs beside it are others: all else belongs to it.
func (g *groupLook) folder(ctx context.Context, p part, root *os.Root, at, group string, depth int) (all []entry) {
	dir := filepath.Join(p.dir, at)
	list, err := os.ReadDir(dir)
	if err != nil {
		g.unread = append(g.unread, p.notBooting(dir, err))
		return nil
	}
	tree := isTree(dir)
	if tree {
		if info, err := root.Stat(at); err == nil {
			all = g.add(ctx, p, dir, group, info, all)
		}
	}
	var below []string
	taken := besideKernels(list)
	for _, f := range list {
		name := f.Name()
		full := filepath.Join(dir, name)
		info, err := root.Stat(filepath.Join(at, name))
		switch {
		case strings.HasPrefix(name, "."), taken[name], tree && !isDisc(f), belongsToSyslinux(full):
		case g.ended(ctx):
			return all
		case err != nil:
			g.files++
			g.skipped = append(g.skipped, p.notBooting(full, err))
		case info.IsDir() && liesIn(root, at, info):
			g.files++
			g.skipped = append(g.skipped, leftOut{p.below(full) + "/", "a link to a folder that it lies in"})
		case info.IsDir() && !isOneTarget(full):
			g.files++
			below = append(below, name)
		default:
			all = g.add(ctx, p, full, group, info, all)
		}
	}
	for _, name := range below {
		if depth+1 >= groupDepth {
			g.deeper = append(g.deeper, p.below(filepath.Join(dir, name)))
			continue
		}
		all = append(all, g.folder(ctx, p, root, filepath.Join(at, name), path.Join(group, name), depth+1)...)
	}
	return all
}

// liesIn tells whether a folder is the one at a path, or one above that.
func liesIn(root *os.Root, at string, folder fs.FileInfo) bool {
	for {
		if above, err := root.Stat(at); err == nil && os.SameFile(above, folder) {
			return true
		}
		if at == "." {
			return false
		}
		at = filepath.Dir(at)
	}
}

// ended tells whether no more is looked at, and notes why.
func (g *groupLook) ended(ctx context.Context) bool {
	switch {
	case g.files >= groupFiles:
		g.more = fmt.Sprintf("only the first %d files were looked at", groupFiles)
	case g.items >= groupItems:
		g.more = fmt.Sprintf("the menu has no more than %d items: other files were not looked at", groupItems)
	case ctx.Err() != nil:
		g.more = "the look was called off: others were not looked at"
	}
	return g.more != ""
}

// add adds what is at a path as an item, where it boots.
func (g *groupLook) add(ctx context.Context, p part, full, group string, info fs.FileInfo, all []entry) []entry {
	g.files++
	if e, ok := g.entry(ctx, p, full, group, info); ok {
		g.items++
		all = append(all, e)
	}
	return all
}

// entry is a file, or a folder with loaders, as an item. What boots nothing is noted.
func (g *groupLook) entry(ctx context.Context, p part, full, group string, info fs.FileInfo) (entry, bool) {
	k := g.look(ctx, p, full, info)
	g.kept[full] = k
	if errors.Is(k.err, rawdisk.ErrUnpacking) {
		g.unpacking = append(g.unpacking, p.below(full))
		return entry{}, false
	}
	if k.err != nil {
		g.skipped = append(g.skipped, p.notBooting(full, k.err))
		return entry{}, false
	}
	below, _ := filepath.Rel(p.dir, full)
	return entry{g.number(full, below), k.titleOf(), group, info.Name(), k.Inspected}, true
}

// passes tells whether an error may pass without a change of the file.
func passes(err error) bool {
	return errors.Is(err, rawdisk.ErrUnpacking) || errors.Is(err, rawdisk.ErrNoRoom)
}

// look finds out what a file is, unless it is as it was.
func (g *groupLook) look(ctx context.Context, p part, full string, info fs.FileInfo) known {
	t := p.target
	t.Kernel, t.Initrds, t.oneOfMany = full, nil, true
	initrd, cmdline := companions(full)
	changed := info.ModTime()
	for _, other := range []string{initrd, cmdline, t.windowsIn()} {
		if i, err := os.Stat(other); err == nil && i.ModTime().After(changed) {
			changed = i.ModTime()
		}
	}
	if k, ok := g.known[full]; ok && k.time.Equal(changed) && k.size == info.Size() && !passes(k.err) {
		return k
	}
	if initrd != "" {
		t.Initrds = []string{initrd}
	}
	if text, err := wholefile.Read(cmdline, cmdlineMost); err == nil {
		t.Cmdline = strings.Join(strings.Fields(string(text)), " ")
	}
	up := g.up
	up.Later = !g.waits
	l, err := lookInGroup(ctx, t, up)
	return known{changed, info.Size(), l, err}
}

// lookInGroup finds out what one of many targets is. What was said of kernels doesn't hold
// for others.
func lookInGroup(ctx context.Context, t Target, up Upstream) (Inspected, error) {
	if image.MeantForNetBoot(t.Kernel) {
		return Inspected{}, errors.New("a NetBoot image is for Macs, which have a menu of their own")
	}
	l, err := t.lookAmong(ctx, up)
	if errors.As(err, &advice.UsageError{}) {
		t.Cmdline, t.Message = "", ""
		l, err = t.lookAmong(ctx, up)
	}
	if err == nil && l.Payload.Kind() == boot.KindScript {
		err = errors.New("an iPXE script has menus of its own")
	}
	return l, err
}
