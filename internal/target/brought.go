package target

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/image"
)

// isFolder tells whether a target is to be taken for a folder.
func (t Target) isFolder() bool {
	if t.As != "" || (boot.File{Source: t.Kernel}).IsURL() {
		return t.As == string(boot.KindFolder)
	}
	return isDir(t.Kernel)
}

// takeFolder looks into a folder for what machines start of it.
func (l *Inspected) takeFolder(t Target) error {
	if err := t.onlyItself("a folder, whose loaders are given out as they are", "put it into their configuration, which lies in the folder"); err != nil {
		return err
	}
	dir, err := located(t.Kernel)
	if err != nil {
		return err
	}
	if dir.IsURL() {
		return advice.Misused(advice.New(t.Kernel+" is a URL, and only folders of this host can be looked into", "copy it here, or name the program in it"))
	}
	return l.takeFound(dir.Source, func() (image.Folder, error) { return image.OpenFolder(dir.Source) })
}

// takeFound takes what a look into a folder has found.
func (l *Inspected) takeFound(dir string, look func() (image.Folder, error)) error {
	found, err := look()
	if err != nil {
		return err
	}
	l.about, l.Warnings = found.Description, append(l.Warnings, found.Warnings...)
	l.Payload.Content = boot.Folder{Dir: dir, Programs: found.Programs, Kernels: found.Kernels, Configured: found.Configured}
	return nil
}

// takeNBP takes a target for a flat program, and what is named behind it for what it
// asks for beside itself: files, or the folder that it lies in.
func (l *Inspected) takeNBP(ctx context.Context, t Target, up Upstream) error {
	if t.Cmdline != "" || t.Message != "" {
		t.Initrds = nil
		return t.onlyItself("a flat program, which is started as it is", "leave that out")
	}
	program, err := located(t.Kernel)
	if err != nil {
		return err
	}
	switch {
	case isDir(program.Source) && len(t.Initrds) == 0:
		return l.takeFound(program.Source, func() (image.Folder, error) { return image.OpenNBPFolder(program.Source, "") })
	case len(t.Initrds) == 1 && isDir(t.Initrds[0]):
		return l.takeNBPIn(program, t.Initrds[0])
	}
	return l.takeNBPBeside(ctx, program, t, up)
}

// takeNBPIn takes a program of a folder, and the folder with it.
func (l *Inspected) takeNBPIn(program boot.File, name string) error {
	dir, err := located(name)
	if err != nil {
		return err
	}
	below, err := filepath.Rel(dir.Source, program.Source)
	if err != nil || !filepath.IsLocal(below) || program.IsURL() {
		return initrdsOption.about(advice.Misused(advice.New(fmt.Sprintf("%s isn't in the folder %s", program.Source, name), "name the folder that it lies in: what it asks for beside itself comes from there")))
	}
	return l.takeFound(dir.Source, func() (image.Folder, error) { return image.OpenNBPFolder(dir.Source, filepath.ToSlash(below)) })
}

// takeNBPBeside takes a program, and files that are served beside it.
func (l *Inspected) takeNBPBeside(ctx context.Context, program boot.File, t Target, up Upstream) error {
	found, err := lookNBP(ctx, program, up)
	if err != nil {
		return err
	}
	nbp, names := boot.NBP{Program: program}, []string{program.Base()}
	for n, name := range t.Initrds {
		f, err := lookBeside(ctx, name, names, up)
		if err != nil {
			return initrdsOption.aboutNumber(n, err)
		}
		nbp.Beside, names = append(nbp.Beside, f), append(names, f.Base())
	}
	if len(program.Base()) > boot.ProgramMost {
		return advice.New(fmt.Sprintf("%s is too long a name for a ROM, which takes %d bytes of it", program.Base(), boot.ProgramMost), "rename it")
	}
	l.warn(found, program, names)
	l.about, l.Payload.Content = found.Description, nbp
	return nil
}

// lookBeside looks at a file that is to be served beside a program and others, by their
// names.
func lookBeside(ctx context.Context, name string, others []string, up Upstream) (boot.File, error) {
	f, err := located(name)
	switch {
	case err != nil:
		return f, err
	case slices.Contains(others, f.Base()):
		return f, advice.Misused(advice.New(fmt.Sprintf("two of the files are called %s, by which the program would ask for them", f.Base()), "rename one"))
	case isDir(name):
		return f, advice.Misused(advice.New(name+" is a folder, and files were named too", "name the program and its folder alone, or files alone"))
	}
	return f, advice.Or(up.check(ctx, f), "check its name and its permissions")
}

// warn says what will go wrong with a flat program.
func (l *Inspected) warn(found image.Program, program boot.File, names []string) {
	if found.Warning != "" {
		l.Warnings = append(l.Warnings, program.Base()+": "+found.Warning)
	}
	if found.Companion != "" && !slices.Contains(names, found.Companion) {
		l.Warnings = append(l.Warnings, fmt.Sprintf("%s stops at once without %s beside it: name the folder that has both", program.Base(), found.Companion))
	}
}

func lookNBP(ctx context.Context, f boot.File, up Upstream) (image.Program, error) {
	if f.IsURL() {
		return image.FetchNBP(ctx, f.Source, up.read)
	}
	return image.OpenNBP(f.Source)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
