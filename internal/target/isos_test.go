package target

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/target/targettest"
)

// Images of discs are called what they call themselves, and those that are alike have the
// names of their files besides. One that is still being copied, and one in a folder that
// wasn't there, come into the menu once they are whole; numbers stay.
func TestCatalogueOfISOs(t *testing.T) {
	dir := t.TempDir()
	targettest.ISOAt(t, filepath.Join(dir, "a.iso"), "alpine-std 3.19", "")
	targettest.ISOAt(t, filepath.Join(dir, "b.iso"), "ISOIMAGE", "Alpine by \"us\" 3.19 - a name that has more words than there is place for in a line of a menu")
	var said []string
	c, now := opened(t, dir, &said)
	if got, want := titlesIn(t, "\n", c), "Local disk\nAlpine Linux (alpine-std 3.19)\nAlpine by \"us\" 3.19 - a name that has more words than there is"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	number := c.current()[1].number
	whole, err := os.ReadFile(filepath.Join(dir, "a.iso"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "c.iso"), whole[:len(whole)/8], 0o644); err != nil {
		t.Fatal(err)
	}
	targettest.ISOAt(t, filepath.Join(dir, "more", "d.iso"), "", "")
	*now = now.Add(refreshEvery)
	if got, want := titlesIn(t, "\n", c), "more/Alpine Linux"; !strings.HasSuffix(got, "\n"+want) || strings.Contains(got, "c.iso") {
		t.Errorf("got\n%s\nwant in it\n%s", got, want)
	}
	if len(said) != 1 || !strings.HasPrefix(said[0], "1 image can't be booted and stays out of the menu: c.iso (the image is cut off: ") {
		t.Errorf("said %q", said)
	}
	if err := os.WriteFile(filepath.Join(dir, "c.iso"), whole, 0o644); err != nil {
		t.Fatal(err)
	}
	*now = now.Add(refreshEvery)
	if got, want := titlesIn(t, "\n", c), "Alpine Linux (alpine-std 3.19) (a.iso)\n"; !strings.Contains(got, want) || !strings.Contains(got, "3.19) (c.iso)\n") {
		t.Errorf("got\n%s\nwant in it\n%s", got, want)
	}
	if e, ok := c.find(number); !ok || e.file != "a.iso" {
		t.Errorf("%d is %+v", number, e)
	}
}

// What one says of itself makes no difference to a password that was given to its file, nor
// does another one that is called alike.
func TestPasswordOfFile(t *testing.T) {
	dir := t.TempDir()
	targettest.ISOAt(t, filepath.Join(dir, "a.iso"), "alpine-std 3.19", "")
	targettest.ISOAt(t, filepath.Join(dir, "b.iso"), "alpine-std 3.19", "")
	targettest.ISOAt(t, filepath.Join(dir, "c.iso"), "alpine-std 3.20", "")
	for passwords, want := range map[string]string{
		"a " + secret: "a.iso", "b.iso " + secret: "b.iso",
		"Alpine Linux (alpine-std 3.19) " + secret:         "a.iso b.iso",
		"Alpine Linux (alpine-std 3.19) (a.iso) " + secret: "a.iso",
		"a -\nLocal disk -\n** " + secret:                  "b.iso c.iso",
	} {
		name := filepath.Join(t.TempDir(), "passwords")
		if err := os.WriteFile(name, []byte(passwords), 0o600); err != nil {
			t.Fatal(err)
		}
		m := &Menu{Targets: []MenuTarget{{Target: Target{Kernel: dir}}}, Default: "Local disk", Drawn: true, Passwords: name}
		l, err := m.inspect(t.Context(), Upstream{Say: func(string) {}})
		if err != nil {
			t.Fatal(err)
		}
		var locked []string
		for _, e := range l.menu.(*catalogue).current() {
			if l.menu.(*catalogue).locked(boot.Client{Item: e.number}) {
				locked = append(locked, e.file)
			}
		}
		if got := strings.Join(locked, " "); got != want {
			t.Errorf("%.40q protects %s, want %s", passwords, got, want)
		}
	}
}

// A folder with a PXELINUX's configuration is one target of a menu, and the images of discs
// beside it are others, wherever both lie.
func TestTreeAmongISOs(t *testing.T) {
	above, tree := t.TempDir(), "pxe"
	targettest.ISOAt(t, filepath.Join(above, "a.iso"), "alpine-std 3.19", "")
	for name, text := range map[string]string{"pxelinux.cfg/default": "DEFAULT a\nLABEL a\nLOCALBOOT 0\n", "vmlinuz": "", "b.iso": ""} {
		full := filepath.Join(above, tree, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	targettest.KernelAt(t, filepath.Join(above, tree, "vmlinuz"))
	targettest.ISOAt(t, filepath.Join(above, tree, "b.iso"), "alpine-std 3.20", "")
	for dir, want := range map[string]string{
		above:                      "Local disk\nAlpine Linux (alpine-std 3.19)\npxe/pxe\npxe/Alpine Linux (alpine-std 3.20)",
		filepath.Join(above, tree): "Local disk\npxe\nAlpine Linux (alpine-std 3.20)",
	} {
		var said []string
		c, _ := opened(t, dir, &said)
		if got := titlesIn(t, "\n", c); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// readsOf is what the process reads of files meanwhile: how often, and how many bytes.
func readsOf(t *testing.T, do func()) (calls, bytes int) {
	t.Helper()
	count := func() (calls, bytes int) {
		text, err := os.ReadFile("/proc/self/io")
		if err != nil {
			t.Fatal(err)
		}
		var written int
		if _, err := fmt.Sscanf(string(text), "rchar: %d\nwchar: %d\nsyscr: %d", &bytes, &written, &calls); err != nil {
			t.Fatal(err)
		}
		return calls, bytes
	}
	beforeCalls, beforeBytes := count()
	do()
	afterCalls, afterBytes := count()
	return afterCalls - beforeCalls, afterBytes - beforeBytes
}

// A hundred large images are looked into by a few reads of each, and those that were are not
// looked into again.
func TestHundredISOs(t *testing.T) {
	dir, from := t.TempDir(), filepath.Join(t.TempDir(), "one.iso")
	targettest.ISOAt(t, from, "alpine-std 3.19", "")
	one, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	const images = 100
	for n := range images {
		path := filepath.Join(dir, fmt.Sprintf("%d.iso", n))
		if err := os.WriteFile(path, one, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, 8<<30); err != nil {
			t.Fatal(err)
		}
	}
	var c *catalogue
	calls, bytes := readsOf(t, func() {
		var said []string
		c, _ = opened(t, dir, &said)
	})
	if n := len(c.current()); n != images+1 {
		t.Fatalf("%d items", n)
	}
	t.Logf("%d reads, %d bytes for each image", calls/images, bytes/images)
	if calls > images*200 || bytes > images*1<<20 {
		t.Errorf("%d reads of %d bytes", calls, bytes)
	}
	c.lookedAt = c.lookedAt.Add(-refreshEvery)
	calls, bytes = readsOf(t, func() { c.refresh(t.Context()) })
	if calls > images || bytes > images*1000 {
		t.Errorf("again %d reads of %d bytes", calls, bytes)
	}
}

// Who has a folder served for its loaders hears of images in it that no loader names.
func TestTreeServedBesideISOs(t *testing.T) {
	dir := t.TempDir()
	targettest.ISOAt(t, filepath.Join(dir, "isos", "a.iso"), "alpine-std 3.19", "")
	efiAt(t, filepath.Join(dir, "pxe", "loader.efi"))
	l, err := Target{Kernel: dir}.Inspect(t.Context(), Upstream{})
	if err != nil || len(l.Warnings) != 1 || !strings.Contains(l.Warnings[0], "isos/a.iso by itself isn't; add --menu") {
		t.Errorf("%q, %v", l.Warnings, err)
	}
}
