package target

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/target/targettest"
)

// What can't be booted is told with its path and its reason where it is an image by its
// name; other files are counted. All of it is told to whoever asks.
func TestLeftOut(t *testing.T) {
	dir := t.TempDir()
	targettest.ISOAt(t, filepath.Join(dir, "good.iso"), "alpine-std 3.19", "")
	whole, err := os.ReadFile(filepath.Join(dir, "good.iso"))
	if err != nil {
		t.Fatal(err)
	}
	putFiles(t, dir, map[string]string{
		"README.txt": "read me", "SHA256SUMS": "0", "tools/download-page.iso": "<!DOCTYPE html><html>", "notes": "x",
		"cut.iso": string(whole[:60000]), "boot/grub/grub.cfg": "set x=1",
	})
	for link, to := range map[string]string{"dangling.iso": "nowhere", "out.iso": "/etc/hostname"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	var target Target
	if err := target.AddMenu([]string{dir}, MenuWords{Kind: MenuByLoader, Timeout: 10, Default: "1"}, nil, nil); err != nil {
		t.Fatal(err)
	}
	l, err := target.Inspect(t.Context(), Upstream{Say: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	cut := fmt.Sprintf("the image is cut off: it has 60000 of %d bytes", len(whole))
	want := "5 targets can't be booted and stay out of the menu: cut.iso (" + cut + "), dangling.iso (a link that leads nowhere), out.iso (a link that leads out of the folder), " +
		"tools/download-page.iso (a web page), boot/ (in the folder boot is no loader that firmware starts); nor can 3 other files; spur explain " + dir + " --menu lists them all; name what a link leads to as a target of its own, or put it into the folder, which a hard link or a bind mount does too"
	if l.menu.(*catalogue).skipped != want {
		t.Errorf("skipped\n%s\nwant\n%s", l.menu.(*catalogue).skipped, want)
	}
	all := l.LeftOut()
	if len(all) != 8 || all[0] != "cut.iso: "+cut || !strings.HasPrefix(all[3], "tools/download-page.iso: ") || !slices.ContainsFunc(all, func(s string) bool { return strings.HasPrefix(s, "README.txt: ") }) {
		t.Errorf("left out are\n%s", strings.Join(all, "\n"))
	}
}

// catalogueOf is a menu of folders.
func catalogueOf(folders ...string) *catalogue {
	c := &catalogue{}
	for _, dir := range folders {
		c.parts = append(c.parts, part{dir: dir, target: Target{Kernel: dir}})
	}
	return c
}

// Of many images five are told at the start, each in a few words.
func TestManyLeftOut(t *testing.T) {
	g := groupLook{catalogue: catalogueOf("/srv/boot images")}
	for n := range 8 {
		g.skipped = append(g.skipped, leftOut{fmt.Sprintf("%d.iso", n), strings.Repeat("word ", 40)})
	}
	text := g.skippedText()
	if !strings.HasPrefix(text, "8 images can't be booted and stay out of the menu: 0.iso (word word") || !strings.Contains(text, "…), 4.iso (") || strings.Contains(text, "5.iso") || !strings.Contains(text, "…) and 3 more; spur explain '/srv/boot images' --menu lists them all") || len(text) > 800 {
		t.Errorf("skipped %q", text)
	}
	if got := (&groupLook{catalogue: catalogueOf("iso", "o'brien"), skipped: []leftOut{{"SHA256SUMS", "it is text"}}}).skippedText(); got != `1 file can't be booted and stays out of the menu; spur explain iso 'o'\''brien' --menu lists it` {
		t.Errorf("skipped %q", got)
	}
}

// Of many folders five are named, and the rest is counted.
func TestManyFoldersLeftOut(t *testing.T) {
	g := groupLook{catalogue: catalogueOf("/srv")}
	for n := range 7 {
		g.empty = append(g.empty, fmt.Sprintf("/srv/e%d", n))
		g.unread = append(g.unread, leftOut{fmt.Sprintf("/srv/u%d", n), "permission denied"})
	}
	text := g.skippedText()
	for _, want := range []string{
		"nothing boots of what is in /srv/e0, /srv/e1, /srv/e2, /srv/e3, /srv/e4 and 2 more now; ",
		"the folder /srv/u4 can't be read: permission denied; nor can 2 other folders",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q isn't in %q", want, text)
		}
	}
	g.empty, g.unread = g.empty[:5], g.unread[:5]
	if text := g.skippedText(); strings.Contains(text, "more") || strings.Contains(text, "other folder") {
		t.Errorf("of five each: %q", text)
	}
}
