package target

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/outlook"
)

// Of a menu with many items the first are named, a line each, and the rest is counted.
func TestItemLinesOfAMenu(t *testing.T) {
	for n, want := range map[int]string{1: "1. 0: x", 2: "1. 0: x|2. 1: x", 3: "1. 0: x|2. 1: x|and 1 more", 40: "1. 0: x|2. 1: x|and 38 more"} {
		var c catalogue
		for i := range n {
			c.entries = append(c.entries, entry{title: fmt.Sprint(i), Inspected: Inspected{about: "x"}})
		}
		l := Inspected{menu: &c}
		if got := strings.Join(l.ItemLines(2), "|"); got != want {
			t.Errorf("of %d items: %s, want %s", n, got, want)
		}
		if got, want := l.Summary(), fmt.Sprintf("a menu of %d item", n); !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Items that are called alike, and whose files are, are told apart by their folders.
func TestTitlesAlike(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/x.efi", "b/x.efi", "c/iso/y.efi", "d/iso/y.efi"} {
		efiAt(t, filepath.Join(dir, name))
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"a/x.efi", "b/x.efi"}, "x.efi in a|x.efi in b"},
		{[]string{"Mine=a/x.efi", "b/x.efi"}, "Mine|x"},
		{[]string{"a", "b"}, "Local disk|a/x|b/x"},
		{[]string{"c/iso", "d/iso"}, "Local disk|iso/y.efi in iso (" + dir + "/c/iso)|iso/y.efi in iso (" + dir + "/d/iso)"},
	} {
		var args []string
		for _, arg := range tt.args {
			title, file, titled := strings.Cut(arg, "=")
			if !titled {
				title, file = "", arg
			}
			args = append(args, strings.TrimPrefix(title+"="+filepath.Join(dir, file), "="))
		}
		var target Target
		if err := target.AddMenu(args, MenuWords{Kind: MenuByLoader, Default: "1"}, nil, nil); err != nil {
			t.Fatal(err)
		}
		l, err := target.Inspect(t.Context(), Upstream{Say: func(string) {}})
		if err != nil {
			t.Errorf("%v: %v", tt.args, err)
			continue
		}
		var got []string
		for _, e := range l.menu.(*catalogue).current() {
			got = append(got, e.name())
		}
		if strings.Join(got, "|") != tt.want {
			t.Errorf("%v: %s, want %s", tt.args, strings.Join(got, "|"), tt.want)
		}
	}
}

// The file of passwords that can't be read is told as what it is.
func TestMissingMenuPassword(t *testing.T) {
	var target Target
	if err := target.AddMenu([]string{t.TempDir()}, MenuWords{Kind: MenuByLoader, Default: "1", Passwords: "none"}, nil, nil); err != nil {
		t.Fatal(err)
	}
	_, err := target.Inspect(t.Context(), Upstream{Say: func(string) {}})
	if err == nil || !strings.HasPrefix(err.Error(), "--menu-password: ") || !strings.Contains(err.Error(), "none") || advice.Of(err) == "" {
		t.Errorf("%v", err)
	}
}

// What machines of each architecture are given by an item is foretold.
func TestOutlookOfItems(t *testing.T) {
	x64 := boot.Payload{Content: boot.EFI{Program: boot.File{Source: "/x64.efi"}, Arch: boot.X64}}
	arm64 := boot.Payload{Content: boot.EFI{Program: boot.File{Source: "/arm64.efi"}, Arch: boot.ARM64}}
	both := Inspected{Payload: x64, others: []forOne{{arch: boot.ARM64, found: true, Inspected: Inspected{Payload: arm64}}}}
	shown := Inspected{menu: &firmwareMenu{ours: []item{{decide.Item{Title: "Both"}, both}}, shown: &decide.Menu{}}}
	drawn := Inspected{menu: &catalogue{entries: []entry{{number: 0x4000, title: "Both", Inspected: both}}}}
	drawn.Payload = drawn.menu.(*catalogue).menu("")
	for name, l := range map[string]Inspected{"by firmware": shown, "by loaders": drawn} {
		given, err := (outlook.Outlook{}).Given(l.Outlook())
		if text := strings.Join(given, "\n"); err != nil || !strings.Contains(text, "UEFI arm64") || !strings.Contains(text, "UEFI x64") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}
