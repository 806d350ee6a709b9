package target

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/tree"
)

// takeScript reads an iPXE script whole. It is given to machines as it is, but
// for the URLs that are filled in.
func (l *Inspected) takeScript(ctx context.Context, t Target, source boot.File, up Upstream) error {
	if err := t.onlyItself("an iPXE script, which machines are given as it is", "put into the script what it is to load and to show, or name a kernel"); err != nil {
		return err
	}
	text, err := up.text(ctx, source)
	if err != nil {
		return err
	}
	script, others, err := boot.ParseScript(text)
	if err != nil {
		return advice.Wrap(fmt.Errorf("%s: %w", source.Base(), err), `write it as {{ ID "file" }}`)
	}
	if name := shadowed(source, text); name != "" {
		l.Warnings = append(l.Warnings, fmt.Sprintf("%s names %s, which is Spur's name for the script itself; give that file another one", source.Base(), name))
	}
	for _, other := range others {
		l.Warnings = append(l.Warnings, fmt.Sprintf(`%s has %q, which is left as it is: Spur fills in {{ ID "file" }} and {{ UP }}`, source.Base(), other))
	}
	script, err = script.MapFiles(func(name string) (string, error) {
		f, err := besideScript(source, name)
		if err != nil {
			return "", err
		}
		return f.Source, up.check(ctx, f)
	})
	l.Payload.Content = boot.Script{Text: script, File: source}
	l.Script = text
	if at := (*boot.FileError)(nil); errors.As(err, &at) {
		err = fmt.Errorf("%s, line %d: %w", source.Base(), at.Line, err)
	}
	return advice.Or(err, "the script refers to this file; check its name and its permissions")
}

// FindLoaded tells of the files that an iPXE script loads and that aren't there:
// by an error where every machine would stop at one, else by warnings.
func (l *Inspected) FindLoaded(ctx context.Context, files *tree.ScriptFiles, host route.Host) error {
	loads := &tree.Tree{Host: host, ScriptFiles: files}
	for _, r := range loads.Missing(ctx, l.Payload.Title(), l.Script) {
		trouble := "can't be had"
		if errors.Is(r.Err, fs.ErrNotExist) {
			trouble = "isn't there"
		}
		why := fmt.Errorf("%s, line %d, loads %s, which %s: %w", r.Script, r.Line, r.Name, trouble, withoutCall(r.Err))
		if r.Sure {
			return advice.Or(why, "put the file beside the script, or correct its name in the script: every machine would stop there")
		}
		why = advice.Or(why, "put the file beside the script, or correct its name in the script")
		l.Warnings = append(l.Warnings, why.Error()+"; "+advice.Of(why))
	}
	return nil
}

// withoutCall is why a file of this host can't be had, without the system call that said so.
func withoutCall(err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) && advice.Of(err) == "" {
		return at.Err
	}
	return err
}

// shadowed is a name in a script that Spur's own script has beside it; empty
// for none, and for the script's own name, which leads back to it.
func shadowed(source boot.File, script string) string {
	for _, word := range strings.Fields(script) {
		if word == route.IPXEScript && word != source.Base() {
			return word
		}
	}
	return ""
}

// besideScript is the file that a script refers to: relative to the script.
func besideScript(script boot.File, name string) (boot.File, error) {
	f := boot.File{Source: name}
	switch {
	case f.IsURL():
	case script.IsURL():
		base, err := url.Parse(script.Source)
		if err != nil {
			return f, notAURL(script.Source)
		}
		u, err := base.Parse(name)
		if err != nil {
			return f, notAURL(name)
		}
		f.Source = u.String()
	case !filepath.IsAbs(name):
		f.Source = filepath.Join(filepath.Dir(script.Source), name)
	}
	return located(f.Source)
}

func notAURL(name string) error {
	return advice.New(fmt.Sprintf("%q is no URL", name), "write what is no letter, digit or one of -._~/ as %XX")
}

// ScriptFiles are the files that an iPXE script names relative to itself; nil for
// what is no script. Close them.
func (l *Inspected) ScriptFiles(open func(context.Context, string) (fs.File, error)) (*tree.ScriptFiles, error) {
	script, ok := l.Payload.Content.(boot.Script)
	if !ok {
		return nil, nil
	}
	text := script.Text.Fill(func(boot.File) string { return "" }, "")
	if script.File.IsURL() {
		return tree.RemoteScriptFiles(script.File, text, open)
	}
	return tree.LocalScriptFiles(script.File, text)
}
