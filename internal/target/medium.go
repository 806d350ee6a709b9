package target

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/family"
	"github.com/spurboot/spur/internal/medium"
)

// withDisc opens the image of a disc, looks into it, and hands it over while it is open.
func (t Target) withDisc(ctx context.Context, file boot.File, up Upstream, use func(medium.Disc) error) error {
	table, err := t.families()
	if err != nil {
		return err
	}
	look := func(r io.ReaderAt, size int64) error {
		d, err := medium.Open(file, r, size, medium.Wanted{Families: table, Root: family.Over(t.Root)})
		if err != nil {
			return err
		}
		return use(d)
	}
	err = withFile(ctx, file, up, look)
	if errors.As(err, &medium.NoRootError{}) {
		return rootOption.about(advice.Misused(err))
	}
	return err
}

// takeDisc takes a medium for what is to boot: its kernel or, where that doesn't boot over
// the network and nothing was said of it, the whole of the medium.
func (l *Inspected) takeDisc(ctx context.Context, t Target, file boot.File, up Upstream) error {
	err := l.takeSystem(ctx, t, file, up)
	if !errors.As(err, &medium.UnfitError{}) || t.As != "" || l.takeDisk(ctx, t.asDisk(), up) != nil {
		return err
	}
	if t.saysMore() {
		return t.wholeAlone(err)
	}
	l.Warnings = append(l.Warnings, fmt.Sprintf("%s (%s); it is booted as a whole, and whether its system finds itself there is its own matter", err, advice.Of(err)))
	return nil
}

// asDisk is a target of which nothing is said that a disk doesn't take.
func (t Target) asDisk() Target {
	t.Initrds, t.Cmdline, t.Modules, t.DTB = nil, "", nil, ""
	return t
}

// wholeAlone says of a medium that boots as a whole, since it is unfit for more, what can't be
// said beside it.
func (t Target) wholeAlone(unfit error) error {
	given := t.given()
	if t.Entry != "" {
		given = append(given, entryOption)
	}
	if t.Root != "" {
		given = append(given, rootOption)
	}
	flags := flagsOf(given)
	why := fmt.Sprintf("%s; it boots as a whole, without %s", unfit, flags)
	if given[0] == rootOption {
		why = fmt.Sprintf("%s boots as a whole, and its system is told of no root over %s", boot.File{Source: t.Kernel}.Base(), t.Root)
	}
	return given[0].about(advice.Misused(advice.New(why, "leave "+flags+" out; spur image show says what is on it")))
}

// saysMore tells whether more is said of a medium than its name: what boots as a whole
// boots as its own menu says.
func (t Target) saysMore() bool {
	return t.Entry != "" || t.Root != "" || t.Cmdline != "" || len(t.Initrds) > 0 || t.DTB != ""
}

// takeSystem takes the kernel of a medium, with what goes with it, and what other
// architectures have there, or its Windows.
func (l *Inspected) takeSystem(ctx context.Context, t Target, file boot.File, up Upstream) error {
	var systems []medium.System
	var own boot.Template
	err := t.withDisc(ctx, file, up, func(d medium.Disc) (err error) {
		l.calls = d.Calls()
		if t.As == "" && d.Found.WIM != "" {
			return l.takeWindows(ctx, t, d, up)
		}
		if systems, err = d.Systems(t.Entry); err != nil {
			l.Warnings = append(l.Warnings, d.Lacking()...)
			return err
		}
		l.root = d.Found.Root.Over
		l.Warnings = append(l.Warnings, d.Warnings()...)
		for n := range systems {
			if err := t.addMedium(d, &systems[n].Linux); err != nil {
				return err
			}
		}
		own, err = d.Cmdline(t.Cmdline)
		return cmdlineOption.about(err)
	})
	if errors.As(err, &medium.NoEntryError{}) {
		return entryOption.about(advice.Misused(err))
	}
	if err != nil || l.Payload.Kind() == boot.KindWIM {
		return err
	}
	var named boot.Linux
	if err := l.addInitrds(ctx, t, &named, up); err != nil {
		return err
	}
	if err := t.addDeviceTrees(&named); err != nil {
		return err
	}
	if own, err = checked(ctx, own, up); err != nil {
		return err
	}
	plain := *l
	for n, s := range systems {
		linux := s.Linux
		linux.Initrds = append(linux.Initrds, named.Initrds...)
		linux.DeviceTrees, linux.DeviceTree = named.DeviceTrees, named.DeviceTree
		linux.Room = l.room(linux.Room)
		if t.Cmdline != "" {
			linux.Cmdline.Text(" ")
			linux.Cmdline.Append(own)
		}
		if n == 0 {
			l.Payload.Content, l.about = linux, s.About
			continue
		}
		other := plain
		other.Payload.Content, other.about, other.Warnings = linux, s.About, nil
		l.add(forOne{linux.Arch, true, other})
	}
	return nil
}

// addMedium adds what else of a medium machines are given that boot a kernel of it.
func (t Target) addMedium(d medium.Disc, linux *boot.Linux) (err error) {
	if t.oneOfMany {
		return nil
	}
	linux.Medium, err = d.Medium(linux.Kernel)
	if t.saysMore() {
		linux.Medium.Whole = boot.Disk{}
	}
	return err
}
