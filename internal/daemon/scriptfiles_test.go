package daemon

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/target"
	"github.com/spurboot/spur/internal/tree"
)

// What a script names relative to itself is fetched through us.
func TestRelativeNamesThroughUs(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "boot.ipxe"), []byte("#!ipxe\nkernel vmlinuz\nboot"), 0o644),
		os.WriteFile(filepath.Join(dir, "vmlinuz"), []byte("KERNEL"), 0o644)); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	cache, err := fetch.New(fetch.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	up := target.Upstream{Open: openURL(cache)}
	for _, at := range []string{dir, server.URL} {
		l, err := target.Target{Kernel: at + "/boot.ipxe"}.Inspect(t.Context(), up)
		if err != nil {
			t.Fatal(err)
		}
		o := newOffers(t, nil)
		if o.Tree.ScriptFiles, err = l.ScriptFiles(openURL(cache)); err != nil {
			t.Fatal(err)
		}
		defer o.Tree.ScriptFiles.Close()
		f, err := o.Tree.Open(t.Context(), o.Tree.Names.Boot(answertest.Machine(1, boot.UEFI, boot.IPXE), route.Configured(boot.IPXE, route.HTTP))+"/vmlinuz", tree.Asker{Via: "http", Server: netip.MustParseAddr("10.0.0.1")})
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		b := make([]byte, 10)
		if n, _ := f.Read(b); string(b[:n]) != "KERNEL" {
			t.Errorf("%s: %q", at, b[:n])
		}
		f.Close()
	}
}
