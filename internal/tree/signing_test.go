package tree

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/efi/signeddata"
	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/route"
)

// newSigning signs with a new key; certificate is the file of its certificate.
func newSigning(t *testing.T) (s *Signing, certificate string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "own"}, NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := signeddata.NewSigner(key, c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	certificate = filepath.Join(t.TempDir(), "own.pem")
	if err := os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		t.Fatal(err)
	}
	return NewSigning(signer), certificate
}

// sbverify has sbsigntool check what was served.
func sbverify(t *testing.T, content []byte, certificate string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "served.efi")
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("sbverify", "--cert", certificate, file).CombinedOutput(); err != nil || !bytes.Contains(out, []byte("Signature verification OK")) {
		t.Errorf("sbverify: %v\n%s", err, out)
	}
}

// What a machine's firmware or its iPXE starts is signed as sbsigntool wants it, and
// has the size that it was said to have.
func TestSigned(t *testing.T) {
	shim, err := lab.Unpacked("shim-signed", "usr/lib/shim/shimx64.efi.signed")
	if err != nil {
		t.Fatal(err)
	}
	tr := newUKITree(t, anApplication)
	signing, certificate := newSigning(t)
	tr.Host.Signs, tr.Signing = true, signing
	tr.Loaders = append(tr.Loaders, route.Binary{Build: route.Build{File: "snponly.efi", Firmware: boot.UEFI, Arch: boot.X64}, Path: anApplication})
	linux, err := tr.Resolver.Resolve(t.Context(), rom)
	if err != nil {
		t.Fatal(err)
	}
	program := boot.Payload{Content: boot.EFI{Program: boot.File{Source: anApplication}}}
	signed := boot.Payload{Content: boot.EFI{Program: boot.File{Source: shim}}}
	loader, _ := route.Routes(rom, linux, tr.Host).Pick(nil)
	byHTTP := rom
	byHTTP.Proto = boot.HTTP
	whole, _ := route.Routes(byHTTP, program, tr.Host).Pick(nil)
	kernelOf := func(p boot.Payload) string {
		url := tr.URLs(ipxe, route.Configured(boot.IPXE, route.HTTP), p, overHTTP).Kernel
		return url[len("http://10.0.0.1/"):]
	}
	for name, tt := range map[string]struct {
		payload boot.Payload
		path    string
	}{
		"unified kernel image":     {linux, tr.Path(byHTTP, whole)},
		"EFI application":          {program, tr.Path(byHTTP, whole)},
		"EFI application with one": {signed, tr.Path(byHTTP, whole)},
		"iPXE":                     {linux, tr.Path(rom, loader)},
		"kernel for iPXE":          {linux, kernelOf(linux)},
		"EFI application for iPXE": {program, kernelOf(program)},
	} {
		t.Run(name, func(t *testing.T) {
			tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return tt.payload, nil })
			tr.Sources.Local = NamedFiles(append(tt.payload.Files(), boot.File{Source: shim}))
			f, err := tr.Open(t.Context(), tt.path, overHTTP)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(f)
			if err != nil || int64(len(content)) != info.Size() {
				t.Fatalf("%d bytes of %d: %v", len(content), info.Size(), err)
			}
			sbverify(t, content, certificate)
			again, err := tr.Open(t.Context(), tt.path, overHTTP)
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			for _, from := range []int{len(content) - 1, len(content) - 3000, 0, 100, 300, len(content) / 2} {
				part := make([]byte, min(5000, len(content)-from))
				if _, err := again.(io.ReaderAt).ReadAt(part, int64(from)); err != nil || !bytes.Equal(part, content[from:from+len(part)]) {
					t.Errorf("%d bytes from %d on aren't the same: %v", len(part), from, err)
				}
			}
			if again.(*Composite).ETag() != f.(*Composite).ETag() {
				t.Error("two requests get two tags")
			}
		})
	}
}

// What can't be signed is served as it is, as are an initrd and a BIOS's kernel.
func TestNotSigned(t *testing.T) {
	signing, _ := newSigning(t)
	unsignable := append([]byte(nil), readFile(t, anApplication)...)
	for name, content := range map[string][]byte{"text": []byte("#!ipxe\n"), "cut off": unsignable[:1000], "empty": nil} {
		f, err := fstest.MapFS{"f": {Data: content}}.Open("f")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := signing.sign(t.Context(), f, name); err != nil || got != f {
			t.Errorf("%s became %v, %v", name, got, err)
		}
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// counted is a file of which it is known how often all of it was read.
type counted struct {
	*bytes.Reader
	size    int64
	read    *atomic.Int64
	blocked <-chan struct{} // nil: reads go on
	closed  chan struct{}
	once    sync.Once
}

func newCounted(content []byte, read *atomic.Int64, blocked <-chan struct{}) *counted {
	return &counted{Reader: bytes.NewReader(content), size: int64(len(content)), read: read, blocked: blocked, closed: make(chan struct{})}
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	if off > 4096 && c.blocked != nil {
		select {
		case <-c.blocked:
		case <-c.closed:
			return 0, fs.ErrClosed
		}
	}
	n, err := c.Reader.ReadAt(p, off)
	c.read.Add(int64(n))
	return n, err
}

func (c *counted) ETag() string               { return `"same"` }
func (c *counted) Stat() (fs.FileInfo, error) { return countedInfo{c}, nil }
func (c *counted) Close() error               { c.once.Do(func() { close(c.closed) }); return nil }

type countedInfo struct{ *counted }

func (i countedInfo) Name() string       { return "counted.efi" }
func (i countedInfo) Size() int64        { return i.size }
func (i countedInfo) Mode() fs.FileMode  { return 0o444 }
func (i countedInfo) ModTime() time.Time { return time.Time{} }
func (i countedInfo) IsDir() bool        { return false }
func (i countedInfo) Sys() any           { return nil }

// tailOf reads the last bytes of a signed file.
func tailOf(f fs.File) ([]byte, error) {
	b := make([]byte, 512)
	_, err := f.(io.ReaderAt).ReadAt(b, f.(*Composite).Size()-int64(len(b)))
	return b, err
}

// A hash is computed once for a content, however many want it, and by nobody who
// only asks for the size.
func TestHashedOnce(t *testing.T) {
	signing, _ := newSigning(t)
	content := readFile(t, anApplication)
	var asked, hashed atomic.Int64
	sized, err := signing.sign(t.Context(), newCounted(content, &asked, nil), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer sized.Close()
	if sized.(*Composite).Size() <= int64(len(content)) || asked.Load() > 64<<10 {
		t.Errorf("for a size of %d, %d bytes were read", sized.(*Composite).Size(), asked.Load())
	}
	var all sync.WaitGroup
	var tails sync.Map
	for range 16 {
		f, err := signing.sign(t.Context(), newCounted(content, &hashed, nil), "a")
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			defer f.Close()
			b, err := tailOf(f)
			if err != nil {
				t.Error(err)
			}
			tails.Store(string(b), true)
		})
	}
	all.Wait()
	n := 0
	tails.Range(func(any, any) bool { n++; return true })
	if n != 1 || hashed.Load() > int64(len(content))+16*64<<10 {
		t.Errorf("%d signatures, %d bytes were read of %d", n, hashed.Load(), len(content))
	}
}

// One whose content has the same tag, but that comes from elsewhere, has a signature
// of its own.
func TestSameTagElsewhere(t *testing.T) {
	signing, certificate := newSigning(t)
	var n atomic.Int64
	other := append([]byte(nil), readFile(t, anApplication)...)
	other[len(other)-1]++
	for origin, content := range map[string][]byte{"http://a/x.efi": readFile(t, anApplication), "http://b/x.efi": other} {
		f, err := signing.sign(t.Context(), newCounted(content, &n, nil), origin)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		signed, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		sbverify(t, signed, certificate)
	}
}

// A reader that goes away ends its job, and whoever waited for that does it itself.
func TestReaderGoes(t *testing.T) {
	signing, _ := newSigning(t)
	content := readFile(t, anApplication)
	var n atomic.Int64
	never := make(chan struct{})
	first, err := signing.sign(t.Context(), newCounted(content, &n, never), "a")
	if err != nil {
		t.Fatal(err)
	}
	leaving, leave := context.WithCancel(t.Context())
	gone, err := signing.sign(leaving, newCounted(content, &n, nil), "a")
	if err != nil {
		t.Fatal(err)
	}
	second, err := signing.sign(t.Context(), newCounted(content, &n, nil), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := first.(io.ReaderAt).ReadAt(make([]byte, 1024), 0); err != nil { // beyond the headers: its job begins
		t.Fatal(err)
	}
	leave()
	if _, err := tailOf(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("one that has gone waits: %v", err)
	}
	if err := gone.Close(); err != nil {
		t.Error(err)
	}
	got := make(chan error, 1)
	go func() {
		_, err := tailOf(second)
		got <- err
	}()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Errorf("the second reader: %v", err)
	}
}

// What can't be read to its end is no signed file, and the next one tries again.
func TestContentFails(t *testing.T) {
	signing, _ := newSigning(t)
	content := readFile(t, anApplication)
	var n atomic.Int64
	short := newCounted(content, &n, nil)
	short.Reader = bytes.NewReader(content[:len(content)/2])
	f, err := signing.sign(t.Context(), short, "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tailOf(f); err == nil {
		t.Error("half of a file was signed")
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if f, err = signing.sign(t.Context(), newCounted(content, &n, nil), "a"); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := tailOf(f); err != nil {
		t.Error(err)
	}
}
