package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/target/targettest"
)

// efiAt writes an EFI application, which is the shortest thing that boots.
func efiAt(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile("/usr/lib/ipxe/snponly.efi")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// opened is the catalogue of a folder, with a clock.
func opened(t *testing.T, dir string, said *[]string) (*catalogue, *time.Time) {
	t.Helper()
	target := Target{}
	if err := target.AddMenu([]string{dir}, MenuWords{Kind: MenuByLoader, Timeout: 10, Default: "1"}, nil, nil); err != nil {
		t.Fatal(err)
	}
	l, err := target.Inspect(t.Context(), Upstream{Say: func(line string) { *said = append(*said, line) }})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	l.menu.(*catalogue).now = func() time.Time { return now }
	return l.menu.(*catalogue), &now
}

// titlesIn is what is in the menu that a machine gets, in order, with what is between two.
func titlesIn(t *testing.T, between string, c *catalogue) string {
	t.Helper()
	p, err := c.Resolve(t.Context(), boot.Client{})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, i := range p.Content.(boot.Menu).Items {
		all = append(all, strings.TrimPrefix(i.Group+"/"+i.Title, "/"))
	}
	return strings.Join(all, between)
}

// What is in the folder is found again: what came, what was changed and what went. Items
// keep their numbers, what boots nothing is told in one line, and no link leads out.
func TestCatalogue(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	efiAt(t, filepath.Join(dir, "B.efi"))
	efiAt(t, filepath.Join(dir, "tools", "C.efi"))
	efiAt(t, filepath.Join(elsewhere, "D.efi"))
	if err := os.Symlink(filepath.Join(elsewhere, "D.efi"), filepath.Join(dir, "D.efi")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README", ".hidden", "damaged.iso"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("no target"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var said []string
	c, now := opened(t, dir, &said)
	if got, want := titlesIn(t, " ", c), "Local disk B tools/C"; got != want {
		t.Errorf("first %q, want %q", got, want)
	}
	if want := `2 images can't be booted and stay out of the menu: D.efi (a link that leads out of the folder), damaged.iso (text that begins with "no target"); nor can 1 other file; spur explain ` + dir + ` --menu lists them all; ` + leadsOutRemedy; c.skipped != want {
		t.Errorf("skipped %q", c.skipped)
	}
	number := c.current()[1].number
	efiAt(t, filepath.Join(dir, "A.efi"))
	efiAt(t, filepath.Join(dir, "damaged.iso"))
	if err := os.Remove(filepath.Join(dir, "tools", "C.efi")); err != nil {
		t.Fatal(err)
	}
	if got, want := titlesIn(t, " ", c), "Local disk B tools/C"; got != want {
		t.Errorf("within a second %q, want %q", got, want)
	}
	*now = now.Add(refreshEvery)
	if got, want := titlesIn(t, " ", c), "Local disk A B damaged"; got != want {
		t.Errorf("after it %q, want %q", got, want)
	}
	if len(said) != 1 || said[0] != "1 image can't be booted and stays out of the menu: D.efi (a link that leads out of the folder); nor can 1 other file; spur explain "+dir+" --menu lists them all; "+leadsOutRemedy {
		t.Errorf("said %q", said)
	}
	if e, ok := c.find(number); !ok || e.title != "B" {
		t.Errorf("%d is %+v", number, e)
	}
	p, err := c.Resolve(t.Context(), boot.Client{Item: number})
	if err != nil || p.Title() != "B.efi" {
		t.Errorf("chose %s, %v", p.Title(), err)
	}
	if _, err := c.Resolve(t.Context(), boot.Client{Item: firstFile}); err == nil {
		t.Error("what isn't there was chosen")
	}
	if p, err := c.Resolve(t.Context(), boot.Client{Item: 0x8000}); err != nil || p.Kind() != boot.KindMenu {
		t.Errorf("a type of boot servers leads to %s, %v", p.Kind(), err)
	}
}

// A kernel has its initrd and its command line beside it.
func TestCatalogueKernel(t *testing.T) {
	dir := t.TempDir()
	kernel := filepath.Join(dir, "vmlinuz-9")
	targettest.KernelAt(t, kernel)
	for name, text := range map[string]string{"initrd.img-9": "070701", "vmlinuz-9.cmdline": "quiet\nsplash\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var said []string
	c, _ := opened(t, dir, &said)
	linux, ok := c.current()[1].Payload.Content.(boot.Linux)
	if !ok || len(linux.Initrds) != 1 || linux.Initrds[0].Base() != "initrd.img-9" || c.skipped != "" {
		t.Fatalf("%+v, skipped %s", linux, c.skipped)
	}
	if line := linux.Cmdline.Expand(nil, ""); line != "quiet splash" {
		t.Errorf("the command line %q", line)
	}
}

// A file that is called like a number doesn't become the default, and a link to a folder above
// itself brings nothing twice.
func TestCatalogueOfOddNames(t *testing.T) {
	dir := t.TempDir()
	efiAt(t, filepath.Join(dir, "1.efi"))
	efiAt(t, filepath.Join(dir, "tools", "2.efi"))
	for link, to := range map[string]string{"loop": ".", "tools/again": ".."} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	var said []string
	c, _ := opened(t, dir, &said)
	if got, want := titlesIn(t, " ", c), "Local disk 1 tools/2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if c.first != c.entries[0].number {
		t.Error("the machine's disk isn't the default")
	}
	if !strings.Contains(c.skipped, "loop/ (a link to a folder that it lies in)") {
		t.Errorf("skipped %q", c.skipped)
	}
}

// Numbers of files don't depend on which others there are, but where two want the same.
func TestCatalogueNumbers(t *testing.T) {
	c := &catalogue{numbers: map[string]uint16{}, used: map[uint16]bool{}}
	alone := &catalogue{numbers: map[string]uint16{}, used: map[uint16]bool{}}
	var all []uint16
	for n := range groupItems {
		name := fmt.Sprintf("file %d", n)
		got := c.number(name, name)
		if got < firstFile || got >= endOfFiles || slices.Contains(all, got) {
			t.Fatalf("%s is %d", name, got)
		}
		all = append(all, got)
	}
	if one := alone.number("file 0", "file 0"); one != all[0] {
		t.Errorf("alone it is %d, among others %d", one, all[0])
	}
}

// A look that is called off leaves the rest out, and says so.
func TestCatalogueCalledOff(t *testing.T) {
	dir := t.TempDir()
	efiAt(t, filepath.Join(dir, "A.efi"))
	var said []string
	c, now := opened(t, dir, &said)
	*now = now.Add(refreshEvery)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	c.refresh(gone)
	if !strings.Contains(c.skipped, "others were not looked at") {
		t.Errorf("skipped %q", c.skipped)
	}
}

func BenchmarkCatalogue(b *testing.B) {
	dir := b.TempDir()
	content, err := os.ReadFile("/usr/lib/ipxe/snponly.efi")
	if err != nil {
		b.Fatal(err)
	}
	for n := range 100 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.efi", n)), content, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	look := func() *catalogue {
		m := &Menu{Targets: []MenuTarget{{Target: Target{Kernel: dir}}}, Default: "1", Drawn: true}
		l, err := m.inspect(b.Context(), Upstream{Say: func(string) {}})
		if err != nil {
			b.Fatal(err)
		}
		return l.menu.(*catalogue)
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			look()
		}
	})
	b.Run("again", func(b *testing.B) {
		c := look()
		for b.Loop() {
			c.lookedAt = time.Unix(1, 0)
			c.refresh(b.Context())
		}
	})
}

// Who ends the look at a folder gets no menu of what it came to.
func TestInterruptedLook(t *testing.T) {
	dir := t.TempDir()
	efiAt(t, filepath.Join(dir, "A.efi"))
	efiAt(t, filepath.Join(dir, "B.efi"))
	target := Target{}
	if err := target.AddMenu([]string{dir}, MenuWords{Kind: MenuByLoader}, nil, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("a signal")
	cancel(cause)
	if _, err := target.Inspect(ctx, Upstream{Say: func(string) {}}); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}
