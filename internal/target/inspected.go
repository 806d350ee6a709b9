package target

import (
	"context"
	"fmt"
	"slices"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/family"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/size"
)

// Inspected is a target that was looked into.
type Inspected struct {
	Payload  boot.Payload
	Script   string        // the text of an iPXE script, as it was read
	about    string        // what it turned out to be, in words
	Warnings []string      // what may be wrong with it
	initrds  []boot.Extent // that were named, in their order
	others   []forOne      // in the order of their architectures
	menu     shownMenu     // from which people choose what boots; nil for none
	// calls is what it calls itself; empty where it has no name but its file's.
	calls string
	// root is over what the system of an image of a disc finds its root; empty for what is no
	// such system. noRoot says why that isn't what was asked for; nil where it is.
	root   family.Over
	noRoot error
}

// On is what a client boots.
func (l Inspected) On(c boot.Client) Inspected {
	if l.menu != nil {
		if chosen, ok := l.menu.chosen(c.Item); ok {
			return chosen.forArch(c.FirmwareArch())
		}
	}
	return l.forArch(c.FirmwareArch())
}

// variants are the target and what it is on some architectures.
func (l Inspected) variants() []Inspected {
	all := []Inspected{l}
	for _, o := range l.others {
		all = append(all, o.Inspected)
	}
	return all
}

// SetItem gives the payloads of all architectures the item by which they are asked for again.
func (l *Inspected) SetItem(item uint16) {
	l.Payload.Item = item
	l.others = slices.Clone(l.others) // which another target may have too, by With
	for n := range l.others {
		l.others[n].Payload.Item = item
	}
}

// With is the target t that differs from one that was looked into by itself in what is said
// with it alone: that said neither command line nor message nor root path.
func (l Inspected) With(ctx context.Context, t Target, up Upstream) (Inspected, error) {
	linux, is := l.Payload.Content.(boot.Linux)
	switch {
	case t.Cmdline == "" && t.Message == "" && t.RootPath == "":
		return l, nil
	case !is || linux.Kernel.Inside != "":
		return t.InspectAlone(ctx, up)
	}
	var err error
	linux.Cmdline, err = t.cmdline(ctx, up)
	l.Payload = boot.Payload{Content: linux, Message: t.Message, RootPath: t.RootPath}
	return l, err
}

// every is all that may boot.
func (l Inspected) every() []Inspected {
	if l.menu != nil {
		return l.menu.every()
	}
	return l.variants()
}

// Summary says what machines are booted into.
func (l Inspected) Summary() string {
	if l.menu != nil {
		return l.Description()
	}
	text := fmt.Sprintf("%s (%s)", l.Payload.Title(), l.about)
	for _, o := range l.others {
		text += fmt.Sprintf(", on %s %s (%s)", o.arch, o.Payload.Title(), o.about)
	}
	return text
}

// Description says what a target is.
func (l Inspected) Description() string {
	if items := l.Items(); len(items) > 0 {
		return fmt.Sprintf("what is chosen from a menu of %s", size.Count(len(items), "item"))
	}
	return l.Payload.Title() + ": " + l.about
}

// Files are those of all that may boot.
func (l Inspected) Files() []boot.File {
	var files []boot.File
	for _, one := range l.every() {
		for _, f := range one.Payload.Files() {
			if !slices.Contains(files, f) {
				files = append(files, f)
			}
		}
	}
	return files
}

// Exports are the protocols over which the systems of what was found in a target mount their
// images, and may of what is put into its folders.
func (t Target) Exports(l Inspected) []boot.Protocol {
	all := l.Exports()
	if over := family.Over(t.Root).Protocol(); over != "" && !slices.Contains(all, over) {
		all = append(all, over)
	}
	return all
}

// Exports are the protocols over which systems mount their images.
func (l Inspected) Exports() []boot.Protocol {
	var all []boot.Protocol
	for _, one := range l.every() {
		all = append(all, one.Payload.Exports()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Resolver gives each machine what it boots.
func (l Inspected) Resolver() boot.Resolver {
	if l.menu != nil {
		return l.menu.resolver(l.byArch())
	}
	return l.byArch()
}

// byArch gives each machine what it boots by its architecture.
func (l Inspected) byArch() boot.Resolver {
	if len(l.others) == 0 {
		return resolver.Static{Payload: l.Payload}
	}
	s := resolver.ByArch{Payload: l.Payload, For: map[boot.Arch]boot.Payload{}}
	for _, o := range l.others {
		s.For[o.arch] = o.Payload
	}
	return s
}

// Brings is what a client's payload brings of its own.
func (l Inspected) Brings(c boot.Client) (boot.Bringer, bool) { return l.On(c).Payload.Brings() }

// Bringers are what the target and its parts bring of their own.
func (l Inspected) Bringers() []boot.Bringer {
	var all []boot.Bringer
	for _, one := range l.every() {
		if b, ok := one.Payload.Brings(); ok {
			all = append(all, b)
		}
	}
	return all
}
