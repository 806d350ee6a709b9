package target

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
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
			return advice.Misused(advice.New(fmt.Sprintf("--for %s is there twice", arch), "name kernel and initrds in one: --for "+string(arch)+"=KERNEL,INITRD"))
		}
		names := strings.Split(files, ",")
		if slices.Contains(names, "") {
			return advice.Misused(advice.New(fmt.Sprintf("--for %s has a name that is empty", text), "write --for "+string(arch)+"=KERNEL[,INITRD…]"))
		}
		t.For[arch] = Target{Kernel: names[0], Initrds: names[1:], Cmdline: t.Cmdline, DTB: t.DTB, Message: t.Message, RootPath: t.RootPath, Root: t.Root, Families: t.Families}
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
			return advice.Misused(advice.New(fmt.Sprintf("--cmdline-for %s goes with no kernel", arch), fmt.Sprintf("name one with --for %s=KERNEL, or leave it out", arch)))
		case seen[arch]:
			return advice.Misused(advice.New(fmt.Sprintf("--cmdline-for %s is there twice", arch), "write the command line in one"))
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
		return "", "", advice.Misused(advice.New(fmt.Sprintf("%s %s names no architecture", flag, text), fmt.Sprintf("write %s ARCH=%s", flag, what)))
	}
	arch, err := boot.ParseArch(name)
	if err != nil {
		return "", "", advice.Misused(advice.Wrap(fmt.Errorf("%s: %w", flag, err), fmt.Sprintf("write %s arm64=%s, for example", flag, what)))
	}
	return arch, value, nil
}

// architectures are those for which there is a target of their own, in order.
func (t Target) architectures() []boot.Arch { return slices.Sorted(maps.Keys(t.For)) }

// inspectFor finds out what the target of an architecture is.
func (t Target) inspectFor(ctx context.Context, arch boot.Arch, up Upstream) (Inspected, error) {
	l, err := t.lookAmong(ctx, up)
	if err != nil {
		return Inspected{}, err
	}
	l = l.forArch(arch)
	if l.Payload.Kind() == boot.KindScript {
		return Inspected{}, advice.Misused(advice.New(fmt.Sprintf("--for %s: %s is an iPXE script", arch, t.Kernel),
			"give every machine the same script, and have it look at ${buildarch}"))
	}
	if built := l.Payload.Arch(); cmp.Or(built, arch) != arch && !startedBy(l.Payload, arch) {
		return Inspected{}, advice.Misused(advice.New(fmt.Sprintf("--for %s: %s is for %s", arch, l.Payload.Title(), built), fmt.Sprintf("name one for %s", arch)))
	}
	return l, nil
}

// startedBy tells whether firmware of an architecture starts a payload of another.
func startedBy(p boot.Payload, arch boot.Arch) bool {
	l, ok := p.Content.(boot.Linux)
	return ok && l.StartedBy(arch)
}

// forArch is what machines of an architecture boot.
func (l Inspected) forArch(arch boot.Arch) Inspected {
	for _, o := range l.others {
		if o.arch == arch {
			return o.Inspected
		}
	}
	return l
}

// add has machines of an architecture boot another target, in the place of what was found
// for them.
func (l *Inspected) add(one forOne) {
	l.others = slices.DeleteFunc(l.others, func(o forOne) bool { return o.arch == one.arch })
	one.others = nil
	l.others = append(l.others, one)
	slices.SortFunc(l.others, func(a, b forOne) int { return cmp.Compare(a.arch, b.arch) })
}

// forOne is what machines of one architecture boot.
type forOne struct {
	arch  boot.Arch
	found bool // on the target's medium, and not named
	Inspected
}
