package target

import (
	"cmp"
	"context"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/family"
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
		return l, cmp.Or(err, t.checkRoot(l))
	}
	l, err := t.lookAmong(ctx, up)
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
	return l, cmp.Or(err, t.checkRoot(l))
}

// InspectAlone finds out what a target is by itself, without its menu and the targets of
// architectures, and what it needs.
func (t Target) InspectAlone(ctx context.Context, up Upstream) (Inspected, error) {
	l, err := t.lookAmong(ctx, up)
	return l, cmp.Or(err, t.checkRoot(l))
}

func (t Target) lookAlone(ctx context.Context, up Upstream) (Inspected, error) {
	l, err := t.lookInto(ctx, up)
	if err == nil {
		l.tellMemory()
		for n := range l.others {
			l.others[n].tellMemory()
		}
	}
	return l, err
}
