package tree

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/httpd"
	"github.com/spurboot/spur/internal/route"
)

// discImage makes an ISO image of files, with Rock Ridge. Options are xorriso's.
func discImage(t testing.TB, files map[string]string, options ...string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, "files", filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "image.iso")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "xorriso", slices.Concat([]string{"-as", "mkisofs", "-R", "-o", path}, options, []string{filepath.Join(dir, "files")})...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// A file in an image is served under a sealed name of its own, by its own base name.
func TestInsideAnImage(t *testing.T) {
	path := discImage(t, map[string]string{"install.amd/vmlinuz": "KERNEL", "big": strings.Repeat("initrd\n", 1e5), "secret": "SECRET"})
	kernel := boot.File{Source: path, Inside: "install.amd/vmlinuz"}
	linux := boot.Linux{Kernel: kernel, Initrds: []boot.File{{Source: path, Inside: "big"}}}
	tr, _ := newTree(t)
	tr.Sources = Sources{Local: NamedFiles(linux.Files()), Images: NewImages()}

	name := tr.Names.File(ipxe.MAC, route.Kernel, kernel, false) + "/vmlinuz"
	if entry, ok := tr.Describe(name, overHTTP.Peer); !ok || entry.Name != "vmlinuz" || entry.Role != route.Kernel {
		t.Errorf("%+v", entry)
	}
	for range 2 { // the second time, the image is known
		if got := read(t, tr, name, overHTTP); got != "KERNEL" {
			t.Errorf("got %q", got)
		}
	}
	for what, file := range map[string]boot.File{
		"missing":             {Source: path, Inside: "install.amd/nothing"},
		"a folder":            {Source: path, Inside: "install.amd"},
		"an image to be kept": {Source: discImage(t, map[string]string{"secret": "x"}), Inside: "secret"},
		"no image":            {Source: "/etc/hostname", Inside: "secret"},
	} {
		if f, err := tr.Open(t.Context(), tr.Names.File(ipxe.MAC, route.Extra, file, false)+"/"+file.Base(), overHTTP); err == nil {
			t.Errorf("%s: opened %v", what, f)
		}
	}
}

// What is in an image is sent from the image's file, and changes when that does.
func TestInsideValidators(t *testing.T) {
	big := strings.Repeat("initrd\n", 1e5)
	path := discImage(t, map[string]string{"big": big})
	file := boot.File{Source: path, Inside: "big"}
	sources := Sources{Local: NamedFiles([]boot.File{file}), Images: NewImages()}
	open := func() httpd.Backed {
		t.Helper()
		f, err := sources.Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		backed, ok := f.(httpd.Backed)
		if !ok {
			t.Fatalf("a %T is sent by copying", f)
		}
		return backed
	}
	f := open()
	from, at, n, err := f.Backing(7)
	if err != nil || from == nil || n != int64(len(big))-7 {
		t.Fatalf("%v at %d, %d bytes, %v", from, at, n, err)
	}
	got := make([]byte, n)
	if _, err := from.ReadAt(got, at); err != nil || string(got) != big[7:] {
		t.Errorf("the image's file has other bytes there (%v)", err)
	}
	tag := f.(httpd.Tagged).ETag()
	sources.Images = NewImages()
	if again := open().(httpd.Tagged).ETag(); again != tag || tag == "" {
		t.Errorf("after a restart its tag is %s, not %s", again, tag)
	}
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	if again := open().(httpd.Tagged).ETag(); again == tag {
		t.Error("its tag stays the same when the image changes")
	}
}

// An image may lie on a web server.
func TestInsideAnImageElsewhere(t *testing.T) {
	path := discImage(t, map[string]string{"kernel": "KERNEL"})
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(path))))
	defer server.Close()
	cache, err := fetch.New(fetch.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	sources := Sources{Images: NewImages(), Upstream: func(ctx context.Context, url string) (fs.File, error) {
		f, err := cache.Open(ctx, url)
		if err != nil {
			return nil, err
		}
		return f, nil
	}}
	f, err := sources.Open(t.Context(), boot.File{Source: server.URL + "/image.iso", Inside: "kernel"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); string(b) != "KERNEL" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

// All files of an image are there below one name, and nothing else is.
func TestImageFolder(t *testing.T) {
	path := discImage(t, map[string]string{"dists/bookworm/Release": "RELEASE", "pool/a+b~1.deb": "DEB"})
	root := boot.File{Source: path, Inside: boot.Root}
	var cmdline boot.Template
	cmdline.Text("inst.repo=")
	cmdline.File(root)
	linux := boot.Linux{Kernel: boot.File{Source: path, Inside: "vmlinuz"}, Cmdline: cmdline}
	tr, _ := newTree(t)
	tr.Sources = Sources{Local: NamedFiles(linux.Files()), Images: NewImages()}

	urls := tr.URLs(ipxe, ipxeHTTP, boot.Payload{Content: linux}, overHTTP)
	repo, found := strings.CutPrefix(linux.Cmdline.Expand(urls.File, urls.Beacon), "inst.repo=http://10.0.0.1/")
	if !found || strings.HasSuffix(repo, "/") || strings.Contains(repo, "/") {
		t.Fatalf("the command line has %q", repo)
	}
	for name, want := range map[string]string{"dists/bookworm/Release": "RELEASE", "pool/a+b~1.deb": "DEB", "/pool/../dists//bookworm/Release": "RELEASE"} {
		if got := read(t, tr, repo+"/"+name, overHTTP); got != want {
			t.Errorf("%s: %q", name, got)
		}
		if e, ok := tr.Describe(repo+"/"+name, overHTTP.Peer); !ok || e.Name != filepath.Base(name) || !e.Optional || e.Client.MAC != ipxe.MAC {
			t.Errorf("%s: %+v", name, e)
		}
	}
	for _, name := range []string{"", "/", "dists", "dists/", "nothing", "../../../etc/passwd", "..", "dists/bookworm/Release/x"} {
		if f, err := tr.Open(t.Context(), repo+"/"+name, overHTTP); err == nil {
			t.Errorf("%q: opened %v", name, f)
		}
	}
	other := tr.Names.File(ipxe.MAC, route.Extra, boot.File{Source: discImage(t, map[string]string{"secret": "x"}), Inside: boot.Root}, false)
	if f, err := tr.Open(t.Context(), other+"/secret", overHTTP); err == nil {
		t.Errorf("another image: opened %v", f)
	}
}

// Of an image on a web server no more is fetched than what is needed.
func TestRemoteImage(t *testing.T) {
	files := map[string]string{"empty": "", "kernel": "KERNEL", "big": strings.Repeat("initrd\n", 1e6), "filler": strings.Repeat("x", 20<<20)}
	path := discImage(t, files)
	sent := int64(0)
	server := httptest.NewServer(&httpd.Handler{Open: httpd.FS(os.DirFS(filepath.Dir(path))), Hooks: httpd.Hooks{
		End: func(_ *httpd.Transfer, s httpd.Stats, _ error) { atomic.AddInt64(&sent, s.Bytes) },
	}})
	defer server.Close()
	cache, err := fetch.New(fetch.Options{Dir: t.TempDir(), Fresh: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	sources := Sources{
		Images: NewImages(),
		Part: func(ctx context.Context, url string, off, size int64) (fs.File, error) {
			f, err := cache.OpenPart(ctx, url, off, size)
			if err != nil {
				return nil, err
			}
			return f, nil
		},
	}
	tags := map[string]string{}
	for range 2 {
		for _, name := range []string{"kernel", "big", "empty"} {
			f, err := sources.Open(t.Context(), boot.File{Source: server.URL + "/image.iso", Inside: name})
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(f)
			if string(b) != files[name] || err != nil {
				t.Errorf("%s: %d bytes, %v", name, len(b), err)
			}
			info, err := f.Stat()
			if err != nil || info.Size() != int64(len(b)) || info.Name() != name {
				t.Errorf("%v, %v", info, err)
			}
			tags[f.(httpd.Tagged).ETag()] = name
			if _, ok := f.(httpd.Backed); !ok {
				t.Errorf("a %T is sent by copying", f)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if len(tags) != 3 {
		t.Errorf("%d tags of 3 files", len(tags))
	}
	if total := atomic.LoadInt64(&sent); total > 8<<20 {
		t.Errorf("%d bytes were fetched", total)
	}
	if f, err := sources.Open(t.Context(), boot.File{Source: server.URL + "/image.iso", Inside: "nothing"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opened %v, %v", f, err)
	}

	// Another image in its place is another image, and never half of each.
	again := discImage(t, map[string]string{"kernel": "OTHER!"})
	if err := os.Rename(again, path); err != nil {
		t.Fatal(err)
	}
	other, err := fetch.New(fetch.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	cache = other
	f, err := sources.Open(t.Context(), boot.File{Source: server.URL + "/image.iso", Inside: "kernel"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); string(b) != "OTHER!" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}
