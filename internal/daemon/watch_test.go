package daemon

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/target"
)

// flatKernel is a Multiboot kernel with addresses in its header.
func flatKernel(text string) []byte {
	var b []byte
	for _, word := range []uint32{0x1badb002, 1 << 16, 0xe4514ffe, 0x100000, 0x100000, 0, 0, 0x100020} {
		b = binary.LittleEndian.AppendUint32(b, word)
	}
	return append(b, text...)
}

// shared is a buffer that several write to and read.
type shared struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// A target is looked into again when a file of it was replaced, by a rename or anew; what
// doesn't boot is told, and leaves boots what was there, until it is mended.
func TestWatch(t *testing.T) {
	dir, told := t.TempDir(), &shared{}
	kernel, module := filepath.Join(dir, "kernel"), filepath.Join(dir, "data")
	write := func(path string, content []byte) {
		t.Helper()
		if err := os.WriteFile(path+".new", content, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	write(kernel, flatKernel("one"))
	write(module, []byte("data"))
	cache, err := fetch.New(fetch.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	d := &daemon{notices: newNotices(Config{Out: told}), cache: cache, host: route.Host{
		Loaders: route.Binaries{{Build: route.Build{File: "undionly.kpxe", Firmware: boot.BIOS, Arch: boot.X86}}},
	}}
	watched := target.Target{Kernel: kernel, Modules: []string{module}, Watch: true}
	l, err := watched.Inspect(t.Context(), d.upstream())
	if err == nil {
		err = watched.CheckWatch(l)
	}
	if err != nil {
		t.Fatal(err)
	}
	w := d.watch(watched, l)
	defer w.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.run(ctx, func() {}) }()
	defer func() {
		stop()
		<-ended
	}()
	waitFor := func(text string) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !strings.Contains(told.String(), text); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%q isn't in\n%s", text, told)
			}
		}
	}
	served := func() string {
		t.Helper()
		f, err := w.Open(kernel)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		content, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimPrefix(string(content), string(flatKernel("")))
	}

	write(kernel, []byte("half of a kernel"))
	waitFor("kernel changed, and boots get what was there before: ")
	if got := served(); got != "one" {
		t.Errorf("with a kernel that doesn't boot, %q is served", got)
	}
	write(kernel, nil)
	waitFor("kernel changed, and boots get what was there before: " + kernel + ": this is an empty file, not something that boots\n")
	write(kernel, flatKernel("two"))
	waitFor("kernel changed: the next boot gets it (kernel: Multiboot kernel, x86 (32 bits))")
	if got := served(); got != "two" {
		t.Errorf("after a change %q is served", got)
	}
	if err := os.Remove(module); err != nil {
		t.Fatal(err)
	}
	waitFor("data changed, and boots get what was there before: there is no file " + module)
	if f, err := w.Open(module); err != nil {
		t.Errorf("a file that was removed: %v", err)
	} else {
		_ = f.Close()
	}
	write(module, []byte("more"))
	waitFor("data changed: the next boot gets it")
	if err := os.WriteFile(kernel, []byte("junk"), 0o644); err != nil {
		t.Fatal(err)
	}
	waitFor("kernel changed, and boots get what is in kernel now, overwritten in place: ")
	if !strings.Contains(told.String(), "; write a new file and rename it over the old one, which boots get until then") {
		t.Errorf("no advice in %s", told)
	}
	p, err := w.Resolve(t.Context(), boot.Client{})
	if err != nil || p.Title() != "kernel" {
		t.Errorf("%+v, %v", p, err)
	}
	if n := strings.Count(told.String(), "\n"); n != 6 {
		t.Errorf("%d lines:\n%s", n, told)
	}
}
