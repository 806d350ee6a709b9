package tree

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// ScriptMost is the longest iPXE script of an operator, in bytes.
const ScriptMost = 1 << 20

// Beside serves what an operator's iPXE script names relative to itself, which
// iPXE asks for beside the script (churi in its core/uri.c): files of the
// script's folder or of the server that it comes from. Only what the script
// names can be had, and what scripts name that it leads to: the folder may be
// somebody's home.
type Beside struct {
	open   func(ctx context.Context, name, query string) (fs.File, error)
	close  func() error
	remote bool // the script is at a URL

	mu    sync.Mutex
	names siblings
	read  map[string]bool // scripts that were read for what they name
}

// BesideFile is what stands beside the script in a file of this host. Close it.
func BesideFile(script boot.File, text string) (*Beside, error) {
	root, err := os.OpenRoot(filepath.Dir(script.Source))
	if err != nil {
		return nil, err
	}
	open := func(_ context.Context, name, _ string) (fs.File, error) {
		return openBelow(root, filepath.FromSlash(name))
	}
	return newBeside(text, open, root.Close), nil
}

// BesideURL is what stands beside the script at a URL. upstream opens URLs.
func BesideURL(script boot.File, text string, upstream func(context.Context, string) (fs.File, error)) (*Beside, error) {
	base, err := url.Parse(script.Source)
	if err != nil {
		return nil, err
	}
	open := func(ctx context.Context, name, query string) (fs.File, error) {
		return upstream(ctx, base.ResolveReference(&url.URL{Path: "./" + name, RawQuery: query}).String())
	}
	b := newBeside(text, open, func() error { return nil })
	b.remote = true
	return b, nil
}

func newBeside(text string, open func(context.Context, string, string) (fs.File, error), closer func() error) *Beside {
	b := &Beside{open: open, close: closer, names: newSiblings(), read: map[string]bool{}}
	b.names.learn(".", text)
	return b
}

// Close closes the script's folder.
func (b *Beside) Close() error { return b.close() }

// Role is what a file is for; ok is false where no script names it.
func (b *Beside) Role(name string) (r route.Role, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.names.role(name)
}

// Open opens a file that a script names. query is that of its URL.
func (b *Beside) Open(ctx context.Context, name, query string) (fs.File, error) {
	if _, ok := b.Role(name); !ok {
		b.follow(ctx)
		if _, ok := b.Role(name); !ok {
			return nil, missing(name, errors.New("the iPXE script names no such file beside it"))
		}
	}
	f, err := b.open(ctx, name, query)
	if err != nil {
		return nil, err
	}
	b.look(name, f)
	return f, nil
}

// follow reads the scripts that are named and were not read: a restart, or
// another server, knows only what the first script names.
func (b *Beside) follow(ctx context.Context) {
	for {
		name, ok := b.unread()
		if !ok {
			return
		}
		if f, err := b.open(ctx, name, ""); err == nil {
			b.look(name, f)
			_ = f.Close() // it was only read
		}
	}
}

// unread is a script that is to be read, noted as being so.
func (b *Beside) unread() (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, role := range b.names.plain {
		if role == route.Script && !b.read[name] {
			b.read[name] = true
			return name, true
		}
	}
	return "", false
}

// look learns what a file names, if it is a script. One that is asked for with
// a query may be another one each time.
func (b *Beside) look(name string, f fs.File) {
	r, ok := f.(io.ReaderAt)
	if !ok {
		return
	}
	text, is := scriptText(r)
	b.mu.Lock()
	defer b.mu.Unlock()
	if !is {
		b.names.noScript(name)
		return
	}
	b.read[name] = true
	b.names.learn(path.Dir(name), text)
}

// scriptText is the text of a file if it is a script. Where it can't be read, who
// asks for it meets the error too.
func scriptText(r io.ReaderAt) (text string, is bool) {
	head := make([]byte, len("#!ipxe"))
	if n, _ := r.ReadAt(head, 0); !isScript(head[:n]) {
		return "", false
	}
	all, _ := io.ReadAll(io.NewSectionReader(r, 0, ScriptMost))
	return string(all), true
}

func isScript(head []byte) bool {
	return bytes.HasPrefix(head, []byte("#!ipxe")) || bytes.HasPrefix(head, []byte("#!gpxe"))
}
