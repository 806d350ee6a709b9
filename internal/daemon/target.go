package daemon

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/hint"
	"github.com/spurboot/spur/internal/image"
)

// Target is what the command line says should boot.
type Target struct {
	Kernel   string   // path or URL
	Initrds  []string // paths or URLs, merged in this order
	Cmdline  string
	Message  string
	RootPath string
}

// looked is a target that was looked into.
type looked struct {
	payload  boot.Payload
	about    string   // what it turned out to be, in words
	warnings []string // what may be wrong with it
}

// look finds out what a target is. head fetches the beginning of a URL.
func (t Target) look(ctx context.Context, head image.Head) (looked, error) {
	l := looked{payload: boot.Payload{Message: t.Message, RootPath: t.RootPath}}
	found, err := t.lookKernel(ctx, &l, head)
	if err != nil {
		return looked{}, err
	}
	l.payload.Kind, l.payload.Arch, l.about = found.Kind, found.Arch, found.Description
	l.payload.Abilities = boot.Abilities{Known: true, EFIStub: found.EFIStub, Compression: found.Compression, Signed: found.Signed}
	if found.Kind == boot.Script {
		if err := t.onlyScript(); err != nil {
			return looked{}, err
		}
		return l, l.takeScript()
	}
	for _, name := range t.Initrds {
		if err := l.lookInitrd(ctx, name, head); err != nil {
			return looked{}, err
		}
	}
	cmdline, err := boot.ParseCmdline(t.Cmdline)
	if err != nil {
		return looked{}, err
	}
	l.payload.Cmdline, err = cmdline.MapFiles(func(name string) (string, error) {
		f, err := located(name)
		if err != nil {
			return "", err
		}
		if f.IsURL() {
			_, _, err := head(ctx, f.Source)
			return f.Source, err
		}
		return f.Source, readable(f.Source)
	})
	return l, err
}

func (t Target) lookKernel(ctx context.Context, l *looked, head image.Head) (image.Found, error) {
	f, err := located(t.Kernel)
	if err != nil {
		return image.Found{}, err
	}
	l.payload.Kernel = f
	if f.IsURL() {
		return image.Fetch(ctx, f.Source, head)
	}
	return image.Open(f.Source)
}

func (l *looked) lookInitrd(ctx context.Context, name string, head image.Head) error {
	f, err := located(name)
	if err != nil {
		return err
	}
	var found image.Initrd
	if f.IsURL() {
		found, err = image.FetchInitrd(ctx, f.Source, head)
	} else {
		found, err = image.OpenInitrd(f.Source)
	}
	if err != nil {
		return err
	}
	if found.Warning != "" {
		l.warnings = append(l.warnings, name+": "+found.Warning)
	}
	l.payload.Initrds = append(l.payload.Initrds, f)
	return nil
}

// maxScript bounds an iPXE script; iPXE's own limit is memory.
const maxScript = 1 << 20

// takeScript reads an iPXE script whole: it is given to machines as it is.
func (l *looked) takeScript() error {
	if l.payload.Kernel.IsURL() {
		l.payload.Script.Text("#!ipxe\nchain --replace --autofree " + l.payload.Kernel.Source + "\n")
		return nil
	}
	f, err := os.Open(l.payload.Kernel.Source)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxScript))
	l.payload.Script.Text(string(text))
	return err
}

// located makes a name absolute: what is served must not depend on a later
// change of folder.
func located(name string) (boot.File, error) {
	f := boot.File{Source: name}
	if err := f.Check(); err != nil {
		return boot.File{}, hint.Wrap(err, "rename it, or give a shorter one")
	}
	if f.IsURL() {
		if !strings.HasPrefix(name, "http://") && !strings.HasPrefix(name, "https://") {
			return boot.File{}, hint.New(fmt.Sprintf("%s is a URL that Spur cannot fetch", name), "use http:// or https://, or a path")
		}
		return f, nil
	}
	path, err := filepath.Abs(name)
	return boot.File{Source: path}, err
}

func readable(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return hint.Wrap(err, "the command line refers to this file; check its name and its permissions")
	}
	return f.Close()
}

// headOf fetches the beginning of a URL through the cache, so that the rest is
// on its way when the first machine asks.
func headOf(cache *fetch.Cache) image.Head {
	return func(ctx context.Context, url string) ([]byte, int64, error) {
		f, err := cache.Open(ctx, url)
		if err != nil {
			return nil, 0, err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return nil, 0, err
		}
		b, err := io.ReadAll(io.LimitReader(f, image.HeadSize))
		return b, info.Size(), err
	}
}

// openURL opens payload files that lie elsewhere.
func openURL(cache *fetch.Cache) func(context.Context, string) (fs.File, error) {
	return func(ctx context.Context, url string) (fs.File, error) {
		f, err := cache.Open(ctx, url)
		if err != nil {
			return nil, err
		}
		return f, nil
	}
}
