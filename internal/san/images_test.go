package san

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/spurboot/spur/nbd"
)

// opener opens one image, and counts how often it is open.
type opener struct {
	path string
	name string

	mu     sync.Mutex
	open   int
	closed sync.Cond
}

func (o *opener) Open(_ context.Context, name string) (Image, error) {
	if name != o.name {
		return Image{}, fs.ErrNotExist
	}
	f, err := os.Open(o.path)
	if err != nil {
		return Image{}, err
	}
	info, err := f.Stat()
	o.count(1)
	return Image{f, info.Size(), closer(func() error { o.count(-1); return f.Close() }), f}, err
}

func (o *opener) count(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open += n
	o.closed.Broadcast()
}

type closer func() error

func (c closer) Close() error { return c() }

// left are the mounts that have ended.
type left struct {
	name string
	read int64
}

// images serves one image of 8 MiB and a byte.
func images(t *testing.T, name string, serve func(*Images) func(context.Context, net.Listener) error) (address string, content []byte, o *opener, ends chan left) {
	t.Helper()
	content = append(bytes.Repeat([]byte("abcdefgh"), 1<<20), 'x')
	o = &opener{path: filepath.Join(t.TempDir(), "image"), name: name}
	if err := os.WriteFile(o.path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	o.closed.L = &o.mu
	ends = make(chan left, 10)
	i := NewImages(o.Open, ImageHooks{Mounted: func(Mount) {}, Left: func(m Mount, read int64, _ error) { ends <- left{m.Name, read} }})
	address = listen(t, func(ctx context.Context, l net.Listener, _ *Log) error { return serve(i)(ctx, l) })
	return address, content, o, ends
}

// An image is an export for who knows its name, for reading, and open as long as it is used.
func TestImagesOverNBD(t *testing.T) {
	address, content, o, ends := images(t, "secret", func(i *Images) func(context.Context, net.Listener) error { return i.ServeNBD })
	copied := filepath.Join(t.TempDir(), "copy")
	if out, err := exec.CommandContext(t.Context(), "nbdcopy", "nbd://"+address+"/secret", copied).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got, err := os.ReadFile(copied)
	if err != nil || len(got) != len(content)+511 || !bytes.Equal(got[:len(content)], content) || got[len(content)] != 0 {
		t.Errorf("%d bytes were copied, %v", len(got), err)
	}
	read := int64(0)
	for read < int64(len(content)) { // it asks by several connections
		read += (<-ends).read
	}
	for _, name := range []string{"", "other"} {
		if _, err := nbd.Dial(t.Context(), "tcp", address, nbd.Options{Export: name}); err == nil {
			t.Errorf("there is an export %q", name)
		}
	}
	if names, err := nbd.List(t.Context(), "tcp", address, nbd.Options{}); err == nil {
		t.Errorf("the exports are listed: %v", names)
	}
	c, err := nbd.Dial(t.Context(), "tcp", address, nbd.Options{Export: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Write(t.Context(), []byte("y"), 0, 0); err == nil {
		t.Error("it can be written to")
	}
	if err := errors.Join(c.Close()); err != nil {
		t.Error(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.open > 0 { // until nobody uses it
		o.closed.Wait()
	}
}

// One address takes no more places by asking on several listeners, and images that many open,
// read and leave at the same time are closed in the end.
func TestImagesOnListeners(t *testing.T) {
	o := &opener{path: filepath.Join(t.TempDir(), "image"), name: "secret"}
	o.closed.L = &o.mu
	if err := os.WriteFile(o.path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	i := NewImages(o.Open, ImageHooks{Mounted: func(Mount) {}, Left: func(Mount, int64, error) {}})
	i.nbd = nbd.NewShares(nbd.Bounds{Connections: 8})
	serve := func(ctx context.Context, l net.Listener, _ *Log) error { return i.ServeNBD(ctx, l) }
	addresses := []string{listen(t, serve), listen(t, serve)}
	var open []*nbd.Client
	for n := range 8 {
		c, err := nbd.Dial(t.Context(), "tcp", addresses[n%2], nbd.Options{Export: "secret"})
		if (err == nil) != (n < 4) {
			t.Errorf("connection %d: %v", n+1, err)
		}
		if err == nil {
			open = append(open, c)
		}
	}
	for _, c := range open {
		_ = c.Close()
	}
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			for range 10 {
				c, err := nbd.Dial(t.Context(), "tcp", addresses[n%2], nbd.Options{Export: "secret"})
				if err != nil {
					continue // there are four places for sixteen
				}
				if err := errors.Join(c.Read(t.Context(), make([]byte, 4096), 0), c.Close()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.open > 0 {
		o.closed.Wait()
	}
}

// It is LUN 0 of a target, of which a discovery tells who goes by the target's name.
func TestImagesOverISCSI(t *testing.T) {
	name := TargetName("0123456789abcdef")
	address, content, _, ends := images(t, name, func(i *Images) func(context.Context, net.Listener) error { return i.ServeISCSI })
	tool := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput()
		if err != nil {
			return "failed: " + string(out)
		}
		return string(out)
	}
	if out := tool("iscsi-ls", "-i", name, "iscsi://"+address); !strings.Contains(out, "Target:"+name+" ") {
		t.Errorf("who goes by its name discovers %s", out)
	}
	if out := tool("iscsi-ls", "iscsi://"+address); strings.Contains(out, "Target:") {
		t.Errorf("others discover %s", out)
	}
	url := "iscsi://" + address + "/" + name + "/0"
	if out := tool("iscsi-readcapacity16", url); !strings.Contains(out, "Total size:8389120") {
		t.Errorf("its size is %s", out)
	}
	copied := filepath.Join(t.TempDir(), "copy")
	if out := tool("qemu-img", "convert", "-O", "raw", url, copied); out != "" {
		t.Fatal(out)
	}
	if got, err := os.ReadFile(copied); err != nil || !bytes.Equal(got[:len(content)], content) {
		t.Errorf("%d bytes were copied, %v", len(got), err)
	}
	for (<-ends).read < int64(len(content)) {
		continue
	}
	if out := tool("iscsi-readcapacity16", "iscsi://"+address+"/"+naming+"other/0"); !strings.Contains(out, "failed") {
		t.Errorf("there is another target: %s", out)
	}
}
