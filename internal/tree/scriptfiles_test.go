package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// scriptFolder is a home with a script in it, and other things.
func scriptFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"boot.ipxe":       "#!ipxe\nset base sub/\nkernel vmlinuz initrd=initrd || goto x # not private.txt\ninitrd ${base}initrd\nchain sub/menu.ipxe?a=b\nkernel vm-${buildarch}\nkernel ${anything}\nchain wimboot\nchain up/../loop.ipxe",
		"vmlinuz":         "KERNEL",
		"private.txt":     "SECRET",
		".ssh/initrd":     "SECRET",
		"vm-x86_64":       "KERNEL64",
		"sub/initrd":      "INITRD",
		"sub/menu.ipxe":   "#!ipxe\nkernel other\nchain ../loop.ipxe\nkernel ../../outside\n",
		"sub/other":       "OTHER",
		"sub/private.txt": "SECRET",
		"loop.ipxe":       "#!ipxe\nchain sub/menu.ipxe\nchain loop.ipxe\n",
		"wimboot":         "MZ",
		"up/x":            "",
	} {
		path := filepath.Join(dir, "home", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "outside"), []byte("SECRET"), 0o644), os.Remove(filepath.Join(dir, "home/wimboot")), os.Symlink("../outside", filepath.Join(dir, "home/wimboot"))); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "home")
}

// A machine gets what the script names relative to itself, and what scripts
// name that it leads to, after a restart as well; nothing else of the folder,
// and nothing outside of it.
func TestBesideAScript(t *testing.T) {
	dir := scriptFolder(t)
	text, err := os.ReadFile(filepath.Join(dir, "boot.ipxe"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"vmlinuz": "KERNEL", "sub/initrd": "INITRD", "vm-x86_64": "KERNEL64", "sub/other": "OTHER", "./vmlinuz": "KERNEL",
		"sub/menu.ipxe": "#!ipxe", "loop.ipxe": "#!ipxe",
		"private.txt": "", ".ssh/initrd": "", "sub/private.txt": "", "wimboot": "", "../outside": "", "outside": "", "sub": "", "gone": "", "": "",
	}
	for name, text2 := range want {
		b, err := LocalScriptFiles(boot.File{Source: filepath.Join(dir, "boot.ipxe")}, string(text))
		if err != nil {
			t.Fatal(err)
		}
		tr, _ := newTree(t)
		tr.ScriptFiles = b
		path := tr.Names.Boot(ipxe, ipxeHTTP) + "/" + name
		f, err := tr.Open(t.Context(), path, overHTTP)
		got := ""
		if err == nil {
			all, _ := io.ReadAll(f)
			got = string(all)
			f.Close()
		}
		if text2 == "" && (err == nil || !strings.Contains(path, "wimboot") && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid)) || !strings.HasPrefix(got, text2) {
			t.Errorf("%s gives %q, %v; want %q", name, got, err, text2)
		}
		b.Close()
	}
}

// The story calls the files what the script makes of them.
func TestRolesBesideAScript(t *testing.T) {
	dir := scriptFolder(t)
	text, _ := os.ReadFile(filepath.Join(dir, "boot.ipxe"))
	b, err := LocalScriptFiles(boot.File{Source: filepath.Join(dir, "boot.ipxe")}, string(text))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	tr, _ := newTree(t)
	tr.ScriptFiles = b
	for name, want := range map[string]route.Role{
		"vmlinuz": route.Kernel, "sub/initrd": route.Initrd, "sub/menu.ipxe": route.Script, "boot.ipxe": route.Script, "up": route.Beacon,
	} {
		if e, ok := tr.Describe(tr.Names.Boot(ipxe, ipxeHTTP)+"/"+name, netip.Addr{}); !ok || e.Role != want || e.Client.MAC != ipxe.MAC {
			t.Errorf("%s is %+v, %v", name, e, ok)
		}
	}
	if _, ok := tr.Describe(tr.Names.Boot(ipxe, ipxeHTTP)+"/private.txt", netip.Addr{}); ok {
		t.Error("what the script doesn't name has a meaning")
	}
	// Where somebody else's DHCP server sends machines here, the script is at
	// the root, and so is what stands beside it.
	for _, path := range []string{"/vmlinuz", "/sub/initrd"} {
		if got := read(t, tr, path, overTFTP); got != "KERNEL" && got != "INITRD" {
			t.Errorf("%s gives %q", path, got)
		}
	}
	tr.AskAtRoot = false
	for _, path := range []string{"/vmlinuz", "/sub/initrd"} {
		if _, err := tr.Open(t.Context(), path, overTFTP); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A script from a server names files of that server, through us.
func TestBesideAURL(t *testing.T) {
	for script, want := range map[string]string{
		"http://up/a/boot.ipxe?token=1": "http://up/a/sub/k?x=1&y=%20",
		"http://up/boot.ipxe":           "http://up/sub/k?x=1&y=%20",
		"http://up/a/":                  "http://up/a/sub/k?x=1&y=%20",
	} {
		b, err := RemoteScriptFiles(boot.File{Source: script}, "#!ipxe\nkernel sub/k?x=${y}\n", func(_ context.Context, url string) (fs.File, error) {
			return newGenerated("k", url), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		tr, _ := newTree(t)
		tr.ScriptFiles = b
		asked := overHTTP
		asked.Raw = "x=1&y=%20"
		if got := read(t, tr, tr.Names.Boot(ipxe, ipxeHTTP)+"/sub/k", asked); got != want {
			t.Errorf("%s: %q, want %q", script, got, want)
		}
		if _, err := tr.Open(t.Context(), tr.Names.Boot(ipxe, ipxeHTTP)+"/other", asked); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("what the script doesn't name: %v", err)
		}
	}
}

func FuzzSiblings(f *testing.F) {
	f.Add("#!ipxe\nkernel ${a}/b${c} x || chain ../y?z\n", "b")
	f.Add("initrd ${${x}}.img }{ ${", "..")
	f.Fuzz(func(t *testing.T, script, name string) {
		s := newScriptNames()
		s.addScript("dir", script)
		s.addScript(".", script)
		if _, ok := s.role(name); ok && !fs.ValidPath(name) {
			t.Errorf("%q is served", name)
		}
		if len(s.plain)+len(s.patterns) > maxScriptNames {
			t.Errorf("%d names", len(s.plain))
		}
	})
}

// No script makes one request for a file cost the server minutes, as this one
// did with regular expressions: a hundred end before the test's time is over.
func TestPatternsAreCheap(t *testing.T) {
	var script strings.Builder
	for n := range maxScriptNames {
		fmt.Fprintf(&script, "set x%d %sz%d\n", n, strings.Repeat("${a}", 240), n)
	}
	s := newScriptNames()
	s.addScript(".", script.String())
	for range 100 {
		if _, ok := s.role(strings.Repeat("A", 1900) + "zz"); ok {
			t.Fatal("a name is found that no pattern comes to")
		}
	}
	if _, ok := s.role("z7"); !ok {
		t.Error("a setting may be empty")
	}
}

func TestPatterns(t *testing.T) {
	for word, names := range map[string]struct{ yes, no []string }{
		"${dir}/vmlinuz":       {[]string{"a/vmlinuz", "a/b/vmlinuz"}, []string{"vmlinuz2", "a/vmlinuz2"}},
		"k-${a}-${b}.img":      {[]string{"k-1-2.img", "k--.img"}, []string{"k-1.img", "k-1-2.imgx", "xk-1-2.img"}},
		"a${x}b${y}b":          {[]string{"abb", "aXbYb"}, []string{"ab", "aXb"}},
		"menu-${net0/mac}.cfg": {[]string{"menu-52:54:00.cfg"}, []string{"menu.cfg"}},
	} {
		s := newScriptNames()
		s.addScript(".", "chain "+word)
		for _, name := range names.yes {
			if _, ok := s.role(name); !ok {
				t.Errorf("%s doesn't match %s", word, name)
			}
		}
		for _, name := range names.no {
			if _, ok := s.role(name); ok {
				t.Errorf("%s matches %s", word, name)
			}
		}
	}
}
