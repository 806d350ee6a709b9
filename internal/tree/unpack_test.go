package tree

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

func packed(t *testing.T, path, text string) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A kernel in a gzip file is served unpacked, with its size and a tag of what is in it,
// and unpacked anew when it has changed.
func TestUnpacked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kernel.gz")
	packed(t, path, "KERNEL")
	kernel := boot.Multiboot{Kernel: boot.File{Source: path}, First: true, Packed: true, Modules: []boot.Module{{File: boot.File{Source: path}}}}
	tr, _ := newTree(t)
	tr.Unpacking, tr.LongSources = &Unpacking{}, keptSources{}
	tr.Sources.Local = NamedFiles(kernel.Files())
	r := route.Configured(boot.IPXE, route.HTTP)
	urls := tr.URLs(ipxe, r, boot.Payload{Content: kernel}, overHTTP)
	at := func(url string) string { return strings.TrimPrefix(url, "http://10.0.0.1/") }
	if got := read(t, tr, at(urls.Kernel), overHTTP); got != "KERNEL" {
		t.Errorf("the kernel is %q", got)
	}
	if got := read(t, tr, at(urls.Initrds[0]), overHTTP); !strings.HasPrefix(got, "\x1f\x8b") {
		t.Errorf("the module is %q", got)
	}
	f, err := tr.Open(t.Context(), at(urls.Kernel), overHTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() != 6 {
		t.Errorf("%+v, %v", info, err)
	}
	linux := boot.Linux{Kernel: kernel.Kernel, Abilities: boot.Abilities{Known: true, EFIStub: true, Compression: "gzip"}}
	for _, loader := range []boot.Loader{boot.IPXE, boot.GRUB} {
		urls := tr.URLs(ipxe, route.Configured(loader, route.HTTP), boot.Payload{Content: linux}, overHTTP)
		if got := read(t, tr, at(urls.Kernel), overHTTP); got != "KERNEL" {
			t.Errorf("%s is given %q for a kernel of Linux", loader, got)
		}
	}
	if e, ok := tr.Describe(at(urls.Kernel), overHTTP.Peer); !ok || e.Role != route.Kernel || e.Name != "kernel.gz" || e.Last {
		t.Errorf("it is told of as %+v", e)
	}
	if e, _ := tr.Describe(at(urls.Initrds[0]), overHTTP.Peer); !e.Last {
		t.Errorf("the last module is told of as %+v", e)
	}
	packed(t, path, "ANOTHER")
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	if got := read(t, tr, at(urls.Kernel), overHTTP); got != "ANOTHER" {
		t.Errorf("after a change it is %q", got)
	}
}

// What can't be unpacked is an error, and so is what would fill the memory.
func TestUnpackBounded(t *testing.T) {
	for name, text := range map[string]string{"damaged": "no gzip", "bomb": ""} {
		path := filepath.Join(t.TempDir(), name)
		if text == "" {
			packed(t, path, strings.Repeat("\x00", unpackedMost+1))
		} else if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		u := &Unpacking{}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = u.unpack(f, boot.File{Source: path})
		if err == nil || !strings.Contains(err.Error(), name+" can't be unpacked") || len(u.kept) != 0 {
			t.Errorf("%s: %v, kept %d", name, err, len(u.kept))
		}
		if wanted := name == "bomb"; strings.Contains(advice.Of(err), "gunzip") != wanted {
			t.Errorf("%s: the advice is %q", name, advice.Of(err))
		}
		_ = f.Close()
	}
}

// However many kernels are read at once, and however slowly, no more than a few are in
// memory; one that is read is unpacked once, and those that nobody reads give way.
func TestUnpackedAtOnce(t *testing.T) {
	u, folder := &Unpacking{}, t.TempDir()
	open := func(n int) (Section, error) {
		path := filepath.Join(folder, strconv.Itoa(n))
		packed(t, path, strconv.Itoa(n))
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		return u.unpack(f, boot.File{Source: path})
	}
	var readers []Section
	for n := range unpackedAll {
		s, err := open(n)
		if err != nil {
			t.Fatal(err)
		}
		readers = append(readers, s)
	}
	for range 3 {
		if _, err := open(unpackedAll); !errors.Is(err, errUnpackedAll) {
			t.Errorf("one more: %v", err)
		} else if says, ok := errors.AsType[interface {
			error
			HTTPStatus() int
		}](err); !ok || says.HTTPStatus() != http.StatusServiceUnavailable {
			t.Errorf("over HTTP one more isn't told to come again: %v", err)
		}
	}
	first := u.kept[0]
	path := filepath.Join(folder, "0")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	again, err := u.unpack(f, boot.File{Source: path})
	if err != nil || u.kept[len(u.kept)-1] != first || first.readers != 2 {
		t.Errorf("another reader: %d of it, %v", first.readers, err)
	}
	for _, s := range append(readers, again) {
		if err := errors.Join(NewComposite("x", s).Close(), s.closer.Close()); err != nil { // twice
			t.Error(err)
		}
	}
	if len(u.kept) != unpackedKept || first.readers != 0 {
		t.Errorf("%d are kept that nobody reads", len(u.kept))
	}
	s, err := open(unpackedAll)
	if err != nil || len(u.kept) != unpackedKept {
		t.Errorf("after that: %d are kept, %v", len(u.kept), err)
	}
	_ = s.closer.Close()
}
