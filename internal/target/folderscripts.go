package target

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/spurboot/spur/internal/tree"
)

// Bounds of what is looked at of the scripts in a folder.
const (
	scriptsMost  = 64
	problemsMost = 8 // that are told
)

// warnOfScripts warns of files that iPXE scripts of a folder load and that aren't there. The
// scripts are served as they are.
func (l *Inspected) warnOfScripts(dir string) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return // which was said
	}
	defer root.Close()
	told := map[string]bool{}
	for _, name := range scriptsBelow(root.FS()) {
		text, err := scriptText(root.FS(), name)
		if err != nil || !strings.HasPrefix(text, "#!ipxe") {
			continue
		}
		for _, r := range tree.MissingBelow(root.FS(), name, text) {
			line := fmt.Sprintf("%s, line %d, loads %s, which isn't there; the file is served as it is", r.Script, r.Line, r.Name)
			if !errors.Is(r.Err, fs.ErrNotExist) || told[line] || len(told) == problemsMost {
				continue
			}
			told[line] = true
			l.Warnings = append(l.Warnings, line)
		}
	}
}

// scriptsBelow are the files of a folder that are called as iPXE scripts are.
func scriptsBelow(folder fs.FS) []string {
	var all []string
	files := 0
	_ = fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if files++; files > groupFiles || len(all) == scriptsMost {
			return fs.SkipAll
		}
		if err == nil && !d.IsDir() && path.Ext(name) == ".ipxe" {
			all = append(all, name)
		}
		return nil
	})
	return all
}

func scriptText(folder fs.FS, name string) (string, error) {
	f, err := folder.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", fs.ErrInvalid
	}
	b, err := io.ReadAll(io.LimitReader(f, tree.ScriptMost))
	return string(b), err
}
