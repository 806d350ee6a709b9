package target

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/image"
)

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
	err := l.take(ctx, t, up)
	return l, err
}

// take takes a target for what it is by its name, by its place or by what was said of it,
// or else for what is in its file.
func (l *Inspected) take(ctx context.Context, t Target, up Upstream) error {
	switch {
	case t.isCOM32():
		return l.takeCOM32(ctx, t, up)
	case t.As == string(boot.KindNBP):
		return l.takeNBP(ctx, t, up)
	case t.windowsIn() != "":
		return l.takeWindowsFolder(ctx, t, t.windowsIn(), up)
	case t.isFolder():
		if err := l.takeFolder(t); err != nil {
			return err
		}
		l.warnOfScripts(t.Kernel)
		return nil
	case t.As == string(boot.KindDisk):
		return l.takeDisk(ctx, t, up)
	}
	return l.takeFile(ctx, t, up)
}

// takeFile takes a target for what is in its file.
func (l *Inspected) takeFile(ctx context.Context, t Target, up Upstream) error {
	file, found, err := t.lookKernel(ctx, up.read)
	if err != nil {
		return err
	}
	if found.IsDisc() && (t.As == "" || t.As == string(boot.KindLinux)) {
		if err := t.withoutModules(found.Description); err != nil {
			return err
		}
		return l.takeDisc(ctx, t, file, up)
	}
	if t.Entry != "" {
		return entryOption.about(advice.Misused(advice.New(fmt.Sprintf("--entry names an entry of an ISO image's menu, and %s is none", t.Kernel), "leave --entry out")))
	}
	if found, err = t.overrule(found); err != nil {
		return err
	}
	l.about = found.Description
	return l.takeKind(ctx, t, file, found, up)
}

// takeKind takes a target for the kind of payload that its file is.
func (l *Inspected) takeKind(ctx context.Context, t Target, file boot.File, found image.Found, up Upstream) error {
	switch found.Kind {
	case boot.KindMultiboot:
		return l.takeMultiboot(ctx, t, file, found, up)
	case boot.KindXen:
		return l.takeXen(ctx, t, file, found, up)
	}
	if err := t.withoutModules(found.Description); err != nil {
		return err
	}
	switch found.Kind {
	case boot.KindTagged:
		l.Payload.Content = boot.Tagged{Image: file, Bytes: found.Extent.Fetched}
		return t.onlyItself("a tagged image (NBI), which brings its own", "put what it is to be told, or to have beside it, into it, as whatever made it does")
	case boot.KindWIM:
		return l.takeWIM(ctx, t, file, up)
	case boot.KindNBP:
		return l.takeNBP(ctx, t, up)
	case boot.KindDisk:
		return l.takeDisk(ctx, t, up)
	case boot.KindScript:
		return l.takeScript(ctx, t, file, up)
	case boot.KindEFI:
		l.Payload.Content = boot.EFI{Program: file, Arch: found.Arch, Signed: found.Signed}
		return t.onlyItself("an EFI application, which is started as it is", "build it into the application, or name a kernel")
	}
	return l.takeLinux(ctx, t, file, found, up)
}

// kinds are those that --as can name.
func kinds() []string {
	return []string{string(boot.KindLinux), string(boot.KindMultiboot), string(boot.KindXen), string(boot.KindTagged), string(boot.KindScript), string(boot.KindEFI), string(boot.KindCOM32), string(boot.KindNBP), string(boot.KindFolder), string(boot.KindNetBoot), string(boot.KindDisk), string(boot.KindWIM)}
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
	return found, asOption.about(advice.Misused(advice.New(fmt.Sprintf("%s is no %s: it is %s", t.Kernel, t.As, found.WithArticle()), "leave --as out")))
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
