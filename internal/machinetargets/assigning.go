package machinetargets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/inventory"
	"github.com/spurboot/spur/internal/target"
	"github.com/spurboot/spur/internal/tree"
)

// assigning looks into the targets of one file.
type assigning struct {
	File
	up     target.Upstream
	within []string
	dir    string                      // that relative paths are relative to
	known  map[string]target.Inspected // by key
}

// keyOf says all that a target says.
func keyOf(t target.Target) string {
	return fmt.Sprintf("%q", []any{t.Kernel, t.As, t.Initrds, t.Cmdline, t.Modules, t.DTB, t.Message, t.RootPath, t.Entry, t.Root})
}

// target is a row's target with absolute paths.
func (a *assigning) target(row inventory.Target) (target.Target, error) {
	t := target.Target{
		Kernel: row.Boot, As: row.As, Entry: row.Entry, Message: row.Message, RootPath: row.RootPath, Root: row.Root,
		Cmdline: row.Cmdline, Initrds: row.Initrds, Modules: row.Modules, DTB: row.DTB, Families: a.Families,
	}
	t, unreadable := t.MapFiles(func(name string) (string, error) { return a.absolute(name), nil })
	return t, cmp.Or(t.Check(a.Surroundings), unreadable, a.reachable(t))
}

// absolute is a path as it is relative to the file, or a URL.
func (a *assigning) absolute(name string) string {
	if (boot.File{Source: name}).IsURL() || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(a.dir, name)
}

// reachable refuses files that lie where Spur can't read any more.
func (a *assigning) reachable(t target.Target) error {
	if a.within == nil {
		return nil
	}
	_, err := t.MapFiles(func(name string) (string, error) { return name, a.checkFolder(name) })
	return err
}

// checkFolder refuses a file that lies where Spur can't read any more.
func (a *assigning) checkFolder(name string) error {
	if (boot.File{Source: name}).IsURL() || below(a.within, name) {
		return nil
	}
	return advice.New(name+" lies outside of the folders that Spur can read since it has started", "put it into one of those that hold this file and its targets, or restart Spur")
}

// below tells whether a file lies in one of some folders, or below; links count where they
// lead to.
func below(folders []string, name string) bool {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		dir, _ := filepath.EvalSymlinks(filepath.Dir(name))
		real = filepath.Join(dir, filepath.Base(name))
	}
	return slices.ContainsFunc(folders, func(dir string) bool {
		rel, err := filepath.Rel(dir, real)
		return err == nil && filepath.IsLocal(rel)
	})
}

// inspect finds out what a target is. Kernels that differ in what is said with them alone
// are looked into once.
func (a *assigning) inspect(ctx context.Context, t target.Target) (target.Inspected, error) {
	plain := t
	plain.Cmdline, plain.Message, plain.RootPath = "", "", ""
	l, ok := a.known[keyOf(plain)]
	if !ok {
		var err error
		if l, err = plain.InspectAlone(ctx, a.up); err != nil {
			return target.Inspected{}, err
		}
		a.known[keyOf(plain)] = l
	}
	return l.With(ctx, t, a.up)
}

// scripts are the files beside a script, which is to find all of them. Close them.
func (a *assigning) scripts(ctx context.Context, l *target.Inspected) (*tree.ScriptFiles, error) {
	files, err := l.ScriptFiles(a.Open)
	if err != nil || files == nil {
		return nil, err
	}
	if err := l.FindLoaded(ctx, files, a.Host); err != nil {
		return nil, errors.Join(err, files.Close())
	}
	return files, nil
}
