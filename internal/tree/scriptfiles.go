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

// ScriptFiles serves what an operator's iPXE script names relative to itself,
// which iPXE asks for beside the script (churi in its core/uri.c): files of the
// script's folder or of the server that it comes from. Only what the script
// names can be had, and what scripts name that it leads to: the folder may be
// somebody's home.
type ScriptFiles struct {
	open   func(ctx context.Context, name, query string) (fs.File, error)
	close  func() error
	remote bool // the script is at a URL

	mu    sync.Mutex
	names scriptNames
	read  map[string]bool // scripts that were read for what they name
}

// LocalScriptFiles are those beside a script in a file of this host. Close
// them.
func LocalScriptFiles(script boot.File, text string) (*ScriptFiles, error) {
	root, err := os.OpenRoot(filepath.Dir(script.Source))
	if err != nil {
		return nil, err
	}
	open := func(_ context.Context, name, _ string) (fs.File, error) {
		return openBelow(root, filepath.FromSlash(name))
	}
	return newScriptFiles(text, open, root.Close), nil
}

// RemoteScriptFiles are those beside a script at a URL. upstream opens URLs.
func RemoteScriptFiles(script boot.File, text string, upstream func(context.Context, string) (fs.File, error)) (*ScriptFiles, error) {
	base, err := url.Parse(script.Source)
	if err != nil {
		return nil, err
	}
	open := func(ctx context.Context, name, query string) (fs.File, error) {
		return upstream(ctx, base.ResolveReference(&url.URL{Path: "./" + name, RawQuery: query}).String())
	}
	s := newScriptFiles(text, open, func() error { return nil })
	s.remote = true
	return s, nil
}

func newScriptFiles(text string, open func(context.Context, string, string) (fs.File, error), closer func() error) *ScriptFiles {
	s := &ScriptFiles{open: open, close: closer, names: newScriptNames(), read: map[string]bool{}}
	s.names.addScript(".", text)
	return s
}

// Reread learns what the script names that has changed since.
func (s *ScriptFiles) Reread(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names.addScript(".", text)
}

// Close closes the script's folder.
func (s *ScriptFiles) Close() error { return s.close() }

// Role is what a file is for; ok is false where no script names it.
func (s *ScriptFiles) Role(name string) (r route.Role, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names.role(name)
}

// Open opens a file that a script names. query is that of its URL.
func (s *ScriptFiles) Open(ctx context.Context, name, query string) (fs.File, error) {
	if _, ok := s.Role(name); !ok {
		s.follow(ctx)
		if _, ok := s.Role(name); !ok {
			return nil, missing(name, errors.New("the iPXE script names no such file beside it"))
		}
	}
	f, err := s.open(ctx, name, query)
	if err != nil {
		return nil, err
	}
	s.inspect(name, f)
	return f, nil
}

// follow reads the scripts that are named and were not read: a restart, or
// another server, knows only what the first script names.
func (s *ScriptFiles) follow(ctx context.Context) {
	for {
		name, ok := s.unread()
		if !ok {
			return
		}
		if f, err := s.open(ctx, name, ""); err == nil {
			s.inspect(name, f)
			_ = f.Close() // it was only read
		}
	}
}

// unread is a script that is to be read, noted as being so.
func (s *ScriptFiles) unread() (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, role := range s.names.plain {
		if role == route.Script && !s.read[name] {
			s.read[name] = true
			return name, true
		}
	}
	return "", false
}

// inspect learns what a file names, if it is a script. One that is asked for
// with a query may be another one each time.
func (s *ScriptFiles) inspect(name string, f fs.File) {
	r, ok := f.(io.ReaderAt)
	if !ok {
		return
	}
	text, is := scriptText(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !is {
		s.names.noScript(name)
		return
	}
	s.read[name] = true
	s.names.addScript(path.Dir(name), text)
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
