package target

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/inventory"
	"github.com/spurboot/spur/internal/tree"
)

// assigning looks into the targets of one file.
type assigning struct {
	MachinesFile
	up     Upstream
	within []string
	dir    string               // that relative paths are relative to
	known  map[string]Inspected // by key
}

// keyOf says all that a target says.
func keyOf(t Target) string {
	return fmt.Sprintf("%q", []any{t.Kernel, t.As, t.Initrds, t.Cmdline, t.Modules, t.DTB, t.Message, t.RootPath, t.Entry})
}

// target is a row's target with absolute paths.
func (a *assigning) target(row inventory.Target) (Target, error) {
	t := Target{
		Kernel: row.Boot, As: row.As, Entry: row.Entry, Message: row.Message, RootPath: row.RootPath,
		Cmdline: row.Cmdline, Families: a.Families,
	}
	if !t.isLocal() {
		t.Kernel = a.absolute(t.Kernel)
	}
	for _, name := range row.Initrds {
		t.Initrds = append(t.Initrds, a.absolute(name))
	}
	for _, m := range row.Modules {
		name, text, told := strings.Cut(m, " ")
		if name = a.absolute(name); told {
			name += " " + text
		}
		t.Modules = append(t.Modules, name)
	}
	if row.DTB != "" {
		t.DTB = a.absolute(row.DTB)
	}
	if err := t.Check(a.Surroundings); err != nil {
		return t, err
	}
	cmdline, err := boot.ParseCmdline(t.Cmdline)
	if err != nil {
		return t, cmdlineOption.about(err)
	}
	if len(cmdline.Files()) > 0 {
		t.Cmdline = cmdline.Expand(func(f boot.File) string { return fmt.Sprintf("{{ ID %q }}", a.absolute(f.Source)) }, "{{ UP }}")
	}
	return t, a.reachable(t)
}

// absolute is a path as it is relative to the file, or a URL.
func (a *assigning) absolute(name string) string {
	if (boot.File{Source: name}).IsURL() || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(a.dir, name)
}

// reachable refuses files that lie where Spur can't read any more.
func (a *assigning) reachable(t Target) error {
	if a.within == nil || t.isLocal() {
		return nil
	}
	cmdline, _ := boot.ParseCmdline(t.Cmdline)
	errs := []error{a.checkFolder(t.Kernel), dtbOption.about(a.checkFolder(t.DTB))}
	for n, name := range t.Initrds {
		errs = append(errs, initrdsOption.aboutNumber(n, a.checkFolder(name)))
	}
	for _, f := range cmdline.Files() {
		errs = append(errs, cmdlineOption.about(a.checkFolder(f.Source)))
	}
	for n, m := range t.Modules {
		name, _, _ := strings.Cut(m, " ")
		errs = append(errs, modulesOption.aboutNumber(n, a.checkFolder(name)))
	}
	return cmp.Or(errs...)
}

// checkFolder refuses a file that lies where Spur can't read any more.
func (a *assigning) checkFolder(name string) error {
	if name == "" || (boot.File{Source: name}).IsURL() || below(a.within, name) {
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
func (a *assigning) inspect(ctx context.Context, t Target) (Inspected, error) {
	plain := t
	plain.Cmdline, plain.Message, plain.RootPath = "", "", ""
	l, ok := a.known[keyOf(plain)]
	if !ok {
		var err error
		if l, err = plain.inspectAlone(ctx, a.up); err != nil {
			return Inspected{}, err
		}
		a.known[keyOf(plain)] = l
	}
	linux, is := l.Payload.Content.(boot.Linux)
	if !is || linux.Kernel.Inside != "" {
		if keyOf(plain) == keyOf(t) {
			return l, nil
		}
		return t.inspectAlone(ctx, a.up)
	}
	var err error
	linux.Cmdline, err = t.cmdline(ctx, a.up)
	l.Payload = boot.Payload{Content: linux, Message: t.Message, RootPath: t.RootPath}
	return l, err
}

// scripts are the files beside a script, which is to find all of them. Close them.
func (a *assigning) scripts(ctx context.Context, l *Inspected) (*tree.ScriptFiles, error) {
	files, err := l.ScriptFiles(a.Open)
	if err != nil || files == nil {
		return nil, err
	}
	if err := l.FindLoaded(ctx, files, a.Host); err != nil {
		return nil, errors.Join(err, files.Close())
	}
	return files, nil
}
