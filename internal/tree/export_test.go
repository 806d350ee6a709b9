package tree

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/seal"
)

// What a system is told of an image leads to it: by a name of its own, on each server with
// the key, and only where the image may be served.
func TestExport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live.iso")
	if err := os.WriteFile(path, []byte("an image"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := boot.File{Source: path}
	exports := map[boot.Protocol]Export{boot.ISCSI: {Port: 3261, Name: func(sealed string) string { return "iqn." + sealed }}}
	named := &Tree{Names: Names{Key: seal.NewKey()}, LongSources: kept{}, Exports: exports, Sources: Sources{Local: NamedFiles([]boot.File{file})}}
	told := func(word boot.ExportWord, mac byte, server string) string {
		f := file
		f.Told = boot.Export{Over: boot.ISCSI, Word: word}
		return named.exported(boot.Client{MAC: boot.MAC{5: mac}}, f, netip.MustParseAddr(server))
	}
	if s := told(boot.ExportServer, 1, "fd77::1") + " " + told(boot.ExportServer, 1, "10.0.0.1") + " " + told(boot.ExportPort, 1, "10.0.0.1"); s != "[fd77::1] 10.0.0.1 3261" {
		t.Errorf("the server is at %s", s)
	}
	name := told(boot.ExportName, 1, "10.0.0.1")
	if name == told(boot.ExportName, 2, "10.0.0.1") || name != strings.ToLower(name) || len(name) > 100 {
		t.Errorf("its name is %s", name)
	}
	name = strings.TrimPrefix(name, "iqn.")
	if mac, image := named.Mounted(name); mac != (boot.MAC{5: 1}) || image != "live.iso" {
		t.Errorf("%s is %s's %s", name, mac, image)
	}
	e, err := named.OpenExport(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	b := make([]byte, e.Size)
	if _, err := e.ReadAt(b, 0); err != nil || string(b) != "an image" {
		t.Errorf("it is %q, %v", b, err)
	}
	named.Sources.Local = NamedFiles(nil)
	for _, other := range []string{name, name[1:], strings.ToUpper(name), ""} {
		if _, err := named.OpenExport(t.Context(), other); err == nil {
			t.Errorf("%q leads to an image that isn't served", other)
		}
	}
}

func FuzzOpenExport(f *testing.F) {
	tr := &Tree{Names: Names{Key: seal.NewKey()}, LongSources: kept{}}
	f.Add(tr.Names.Export(boot.MAC{1}, boot.File{Source: "/live.iso"}))
	f.Add("0123")
	f.Fuzz(func(t *testing.T, name string) {
		n, err := tr.Names.OpenExport(name)
		if err == nil && tr.Names.Export(n.Client.MAC, boot.File{Source: "/live.iso"}) != name {
			t.Errorf("%q was forged", name)
		}
	})
}
