package family

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/spurboot/spur/internal/family/familytest"
)

// mediumOf makes a medium of texts; a text with a number and B behind it is a file of that
// many bytes.
func mediumOf(label string, files map[string]string) Medium {
	all := fstest.MapFS{}
	for name, text := range files {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return Medium{Files: all, Label: label, Size: 100 << 20}
}

// rendered are arguments as a test reads them.
func rendered(all []Part) string {
	var b strings.Builder
	for _, p := range all {
		switch {
		case p.Base:
			b.WriteString("<base>")
		case p.ISO:
			b.WriteString("<iso>")
		case p.File != "":
			b.WriteString("<" + p.File + ">")
		default:
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

func TestLayouts(t *testing.T) {
	tried := map[string]bool{}
	for _, tt := range familytest.Layouts() {
		tried[tt.Family] = true
		t.Run(tt.Family, func(t *testing.T) {
			found := Builtin().Recognise(mediumOf(tt.Label, tt.Files))
			if found.Family.Name != tt.Family || string(found.Root.Over) != tt.Over {
				t.Fatalf("it is %q over %q", found.Family.Name, found.Root.Over)
			}
			var titles []string
			for _, s := range found.Systems {
				titles = append(titles, s.Title)
			}
			if got := strings.Join(titles, "|"); got != tt.Titles {
				t.Errorf("the systems are %q", got)
			}
			s, ok := found.Choose("")
			args, err := found.Arguments(s)
			if err != nil || !ok {
				t.Fatal(err, ok)
			}
			if got := strings.TrimSpace(s.Kernel + " [" + strings.Join(s.Initrds, " ") + "] " + rendered(args)); got != tt.Boots {
				t.Errorf("it boots\n%s\nwanted\n%s", got, tt.Boots)
			}
			if found.Memory < 16<<20 {
				t.Errorf("it wants %d bytes of memory", found.Memory)
			}
		})
	}
	for _, f := range Builtin() {
		if !tried[f.Name] && f.Unfit == "" && f.WIM == "" {
			t.Errorf("no layout of %s is tried", f.Name)
		}
	}
}

// Families that don't boot over the network are known, with the reason.
func TestUnfit(t *testing.T) {
	for family, files := range map[string]map[string]string{
		"freebsd": {"boot/kernel/kernel": "", "boot/loader.efi": ""},
	} {
		found := Builtin().Recognise(mediumOf("", files))
		if found.Family.Name != family || found.Family.Unfit == "" || found.Family.Instead == "" {
			t.Errorf("%s is %q, unfit for %q", family, found.Family.Name, found.Family.Unfit)
		}
	}
	if found := Builtin().Recognise(mediumOf("DATA", map[string]string{"readme.txt": "", "photos/1.jpg": ""})); found.Family.Name != "" {
		t.Errorf("photos are %s", found.Family.Name)
	}
}

// Windows has an image for wimboot and no kernel.
func TestWindows(t *testing.T) {
	found := Builtin().Recognise(mediumOf("", map[string]string{"SOURCES/BOOT.WIM": "x", "BOOTMGR": "", "BOOTMGR.EFI": ""}))
	if found.Family.Name != "windows" || found.Family.Unfit != "" || found.WIM != "SOURCES/BOOT.WIM" || found.Memory < 512<<20 {
		t.Errorf("%q, unfit for %q, %q, %d bytes of memory", found.Family.Name, found.Family.Unfit, found.WIM, found.Memory)
	}
}

func TestChoose(t *testing.T) {
	found := Builtin().Recognise(mediumOf(familytest.Layouts()[0].Label, familytest.Layouts()[0].Files))
	for name, want := range map[string]string{"": "Live system", "2": "Safe", "safe": "Safe", "3": "", "0": "", "none": ""} {
		if s, ok := found.Choose(name); s.Title != want || ok != (want != "") {
			t.Errorf("%q is %q", name, s.Title)
		}
	}
}

// What a user's file has goes before, replaces, and is wrong with its line and a caret.
func TestOpen(t *testing.T) {
	write := func(text string) string {
		name := filepath.Join(t.TempDir(), "families.yaml")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	own, err := Open(write("families:\n- name: mine\n  match: {files: [mine.txt]}\n  kernels: [k]\n  roots: [{over: none}]\n- name: alpine\n  title: Ours\n  match: {label: [ours]}\n  unfit: no\n"))
	if err != nil {
		t.Fatal(err)
	}
	if own[0].Name != "mine" || own[1].Title != "Ours" || slices.IndexFunc(own[2:], func(f Family) bool { return f.Name == "alpine" }) >= 0 || len(own) != len(Builtin())+1 {
		t.Errorf("the families are wrong: %v, %d of them", own[:2], len(own))
	}
	for _, tt := range []struct{ text, want string }{
		{"families:\n- name: mine\n  kernel: [k]\n", `unknown field "kernel"`},
		{"families:\n- name: mine\n  match: {files: [mine.txt]}\n  roots: [{over: smoke}]\n", `over "smoke"`},
		{"families:\n- name: mine\n  match: {files: [\"[\"]}\n  unfit: x\n", `the pattern "["`},
		{"families:\n- name: mine\n  match: {files: [a]}\n  roots: [{over: http, args: 'a={{ URL }}'}]\n", "none of"},
		{"families:\n- name: mine\n  unfit: x\n", "nothing in match"},
		{"families:\n- name: mine\n  match: {files: [a]}\n", "no root that Spur serves"},
		{"families:\n- name: mine\n  match: {files: [a]}\n  roots: [{over: http, args: 'a={{ EXPORT }}'}]\n", "Spur serves nothing that is mounted over it"},
		{"families:\n- name: mine\n  match: {files: [a]}\n  roots: [{over: nbd, args: 'a={{ SERVER }}'}]\n", "no root that Spur serves"},
		{"families: [\n", "sequence"},
		{"families:\n- name: mine\n  match: {files: [a]}\n  roots: [{over: initrd}]\n", `with inject: ""`},
		{"families:\n- name: mine\n  match: {files: [a]}\n  roots: [{over: initrd, inject: ../a}]\n", `with inject: "../a"`},
		{"families:\n- name: mine\n  match: {files: [a]}\n  roots: [{over: initrd, layout: other}]\n", "layout: other, which is none of debian-installer"},
		{"families:\n- name: mine\n  match: {files: [a]}\n  roots: [{over: http, layout: debian-installer}]\n", "one of them goes with initrd"},
		{"families:\n- name: mine\n  match: {files: [a]}\n  roots: [{over: initrd, inject: a, layout: debian-installer}]\n", "one of them goes with initrd"},
	} {
		_, err := Open(write(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), ">") || strings.Contains(tt.text, "name") && !strings.Contains(err.Error(), "^") {
			t.Errorf("%q: %v", tt.text, err)
		}
	}
}

func TestLike(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"a*", "abc", true}, {"a*", "A/b", true}, {"*c", "abc", true}, {"a*c", "abbc", true}, {"a*c", "ac", true}, {"ab*bc", "abc", false},
		{"a", "ab", false}, {"*", "", true}, {"a*b*c", "axbxc", true}, {"a*b*c", "axc", false},
	} {
		if like(tt.pattern, tt.text) != tt.want {
			t.Errorf("%q and %q", tt.pattern, tt.text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(string(Text()[:4000]))
	f.Add("families:\n- name: a\n  match: {files: [b]}\n  unfit: c\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := Parse([]byte(text))
		if err != nil {
			return
		}
		found := table.Recognise(mediumOf(familytest.Layouts()[0].Label, familytest.Layouts()[0].Files))
		for _, s := range found.Systems {
			_, _ = found.Arguments(s)
		}
	})
}

// A system finds its root in the way that is asked for, of those whose files are there; one
// that mounts its image needs memory for itself alone.
func TestWays(t *testing.T) {
	files := map[string]string{"LiveOS/squashfs.img": "hsqs", "images/pxeboot/vmlinuz": "", "images/pxeboot/initrd.img": ""}
	for _, tt := range []struct {
		root Over
		args string
	}{
		{"", "root=live:FILE"},
		{OverHTTP, "root=live:FILE"},
		{OverNBD, `root=live:CDLABEL=Live\x20of\x2f"SERVER:PORT:auto:ro:-N,EXPORT`},
		{OverISCSI, "rd.iscsi.initiator=EXPORT"},
		{OverISO, ""},
	} {
		m := mediumOf("Live of/", files)
		m.Root = tt.root
		found := Builtin().Recognise(m)
		if len(found.Ways) != 3 || (found.Root.Over == "") != (tt.args == "") || found.Root.Mounted() != (tt.root == OverNBD || tt.root == OverISCSI) {
			t.Errorf("%s: %+v", tt.root, found)
			continue
		}
		if small := found.Memory == 1024<<20; small != found.Root.Mounted() {
			t.Errorf("%s: it needs %d bytes", tt.root, found.Memory)
		}
		if tt.args == "" {
			continue
		}
		line := ""
		parts, err := found.Arguments(found.Systems[0])
		for _, p := range parts {
			line += p.Text + string(p.Export)
			if p.File != "" {
				line += "FILE"
			}
		}
		for _, part := range strings.Split(tt.args, `"`) {
			if err != nil || !strings.Contains(line, part) {
				t.Errorf("%s: %s, %v", tt.root, line, err)
			}
		}
	}
}
