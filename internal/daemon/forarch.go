package daemon

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/resolver"
)

// AddFor reads what --for says, ARCH=KERNEL[,INITRD…] each, and --cmdline-for,
// ARCH=TEXT each.
func (t *Target) AddFor(targets, cmdlines []string) error {
	t.For = map[boot.Arch]Target{}
	for _, text := range targets {
		arch, files, err := forArch("--for", text, "KERNEL[,INITRD…]")
		if err != nil {
			return err
		}
		if _, twice := t.For[arch]; twice {
			return misused(advice.New(fmt.Sprintf("--for %s is there twice", arch), "name kernel and initrds in one: --for "+string(arch)+"=KERNEL,INITRD"))
		}
		names := strings.Split(files, ",")
		if slices.Contains(names, "") {
			return misused(advice.New(fmt.Sprintf("--for %s has a name that is empty", text), "write --for "+string(arch)+"=KERNEL[,INITRD…]"))
		}
		t.For[arch] = Target{Kernel: names[0], Initrds: names[1:], Cmdline: t.Cmdline, DTB: t.DTB, Message: t.Message, RootPath: t.RootPath, Families: t.Families}
	}
	return t.addCmdlines(cmdlines)
}

func (t *Target) addCmdlines(cmdlines []string) error {
	seen := map[boot.Arch]bool{}
	for _, text := range cmdlines {
		arch, line, err := forArch("--cmdline-for", text, "TEXT")
		if err != nil {
			return err
		}
		other, ok := t.For[arch]
		switch {
		case !ok:
			return misused(advice.New(fmt.Sprintf("--cmdline-for %s goes with no kernel", arch), fmt.Sprintf("name one with --for %s=KERNEL, or leave it out", arch)))
		case seen[arch]:
			return misused(advice.New(fmt.Sprintf("--cmdline-for %s is there twice", arch), "write the command line in one"))
		}
		seen[arch] = true
		other.Cmdline = line
		t.For[arch] = other
	}
	return nil
}

// forArch cuts a flag's value ARCH=WHAT.
func forArch(flag, text, what string) (boot.Arch, string, error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return "", "", misused(advice.New(fmt.Sprintf("%s %s names no architecture", flag, text), fmt.Sprintf("write %s ARCH=%s", flag, what)))
	}
	arch, err := boot.ParseArch(name)
	if err != nil {
		return "", "", misused(advice.Wrap(fmt.Errorf("%s: %w", flag, err), fmt.Sprintf("write %s arm64=%s, for example", flag, what)))
	}
	return arch, value, nil
}

// architectures are those for which there is a target of their own, in order.
func (t Target) architectures() []boot.Arch { return slices.Sorted(maps.Keys(t.For)) }

// lookFor finds out what the target of an architecture is.
func (t Target) lookFor(ctx context.Context, arch boot.Arch, up upstream) (looked, error) {
	l, err := t.lookAlone(ctx, up)
	if err != nil {
		return looked{}, err
	}
	if l.payload.Kind() == boot.KindScript {
		return looked{}, misused(advice.New(fmt.Sprintf("--for %s: %s is an iPXE script", arch, t.Kernel),
			"give every machine the same script, and have it look at ${buildarch}"))
	}
	if built := l.payload.Arch(); cmp.Or(built, arch) != arch && !startedBy(l.payload, arch) {
		return looked{}, misused(advice.New(fmt.Sprintf("--for %s: %s is for %s", arch, l.payload.Title(), built), fmt.Sprintf("name one for %s", arch)))
	}
	return l, nil
}

// startedBy tells whether firmware of an architecture starts a payload of another.
func startedBy(p boot.Payload, arch boot.Arch) bool {
	l, ok := p.Content.(boot.Linux)
	return ok && arch == boot.X86 && l.Abilities.EFIMixed
}

// forOne is what machines of one architecture boot.
type forOne struct {
	arch boot.Arch
	looked
}

// on is what a client boots.
func (l looked) on(c boot.Client) looked {
	for _, o := range l.others {
		if o.arch == c.FirmwareArch() {
			return o.looked
		}
	}
	for _, i := range l.items {
		if i.Type == c.Item {
			return i.looked
		}
	}
	if l.drawn != nil {
		if e, ok := l.drawn.find(c.Item); ok {
			return e.looked
		}
	}
	return l
}

// every is all that may boot.
func (l looked) every() []looked {
	if l.drawn != nil {
		var all []looked
		for _, e := range l.drawn.current() {
			all = append(all, e.looked)
		}
		return all
	}
	if l.menu == nil {
		all := []looked{l}
		for _, o := range l.others {
			all = append(all, o.looked)
		}
		return all
	}
	var all []looked
	for _, i := range l.items {
		all = append(all, i.looked)
	}
	return all
}

// title says what machines are booted into.
func (l looked) title() string {
	switch {
	case l.menu != nil:
		return l.menuTitle()
	case l.drawn != nil:
		return l.drawn.title()
	}
	text := fmt.Sprintf("%s (%s)", l.payload.Title(), l.about)
	for _, o := range l.others {
		text += fmt.Sprintf(", on %s %s (%s)", o.arch, o.payload.Title(), o.about)
	}
	return text
}

// described says what a target is.
func (l looked) described() string {
	if l.menu != nil || l.drawn != nil {
		return l.title()
	}
	return l.payload.Title() + ": " + l.about
}

// files are those of all that may boot.
func (l looked) files() []boot.File {
	var files []boot.File
	for _, one := range l.every() {
		for _, f := range one.payload.Files() {
			if !slices.Contains(files, f) {
				files = append(files, f)
			}
		}
	}
	return files
}

// resolver gives each machine what it boots.
func (l looked) resolver() boot.Resolver {
	switch {
	case l.menu != nil:
		return l.byItem()
	case l.drawn != nil:
		return l.drawn
	}
	if len(l.others) == 0 {
		return resolver.Static{Payload: l.payload}
	}
	s := resolver.ByArch{Payload: l.payload, For: map[boot.Arch]boot.Payload{}}
	for _, o := range l.others {
		s.For[o.arch] = o.payload
	}
	return s
}
