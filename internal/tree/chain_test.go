package tree

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/route"
)

var (
	peer     = netip.MustParseAddr("10.0.0.80")
	stranger = netip.MustParseAddr("10.0.0.81")
)

// byShim is the route of a name.
func byShim(t *testing.T, name string) route.Route {
	t.Helper()
	if r, ok := route.ByID(route.Route{Name: name}.ID()); ok && r.Name == name {
		return r
	}
	t.Fatalf("there is no route %s", name)
	return route.Route{}
}

// newChain is a tree with a shim, a MokManager and a GRUB that can do what is said.
func newChain(t *testing.T, can boot.Features) *Tree {
	t.Helper()
	tr, dir := newTree(t)
	tr.Boots = &decide.Clients{}
	signed := []route.Signature{{Signer: "V"}}
	for name, kind := range map[string]route.Kind{"shimx64.efi.signed": route.KindShim, "mmx64.efi.signed": route.KindMokManager, "grubnetx64.efi.signed": route.KindGRUB} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(kind), 0o644); err != nil {
			t.Fatal(err)
		}
		tr.Loaders = append(tr.Loaders, route.Binary{
			Build: route.Build{File: name, Firmware: boot.UEFI, Arch: boot.X64}, Path: path,
			Identity: route.Identity{Kind: kind, Firmware: boot.UEFI, Arch: boot.X64, Signatures: signed, Features: can},
		})
	}
	return tr
}

// A shim gets its second stage under whatever name it asks for it, and nothing
// under the names of what it does without.
func TestSecondStage(t *testing.T) {
	tr := newChain(t, boot.CanTFTP)
	folder := tr.Names.Boot(rom, byShim(t, "uefi-shim-grub"))
	asker := overTFTP
	asker.Peer = peer
	for name, want := range map[string]string{
		"/shim.efi": "shim", "/grubx64.efi": "GRUB", "//grubx64.efi": "GRUB", "/\xeaonboard": "GRUB", `\snponly.efi`: "GRUB", "/mmx64.efi": "MokManager",
	} {
		if got := read(t, tr, folder+name, asker); got != want {
			t.Errorf("%q is %q", name, got)
		}
		if e, ok := tr.Describe(folder+name, peer); !ok || e.Role != route.NBP || e.Client.MAC != rom.MAC || e.Spare {
			t.Errorf("%q is described as %+v", name, e)
		}
	}
	for _, name := range []string{"/revocations_sku.efi", "/shim_certificate_0.efi", "/x86_64-efi/command.lst"} {
		if _, err := tr.Open(t.Context(), folder+name, asker); err == nil {
			t.Errorf("%s is there", name)
		}
		if e, ok := tr.Describe(folder+name, peer); ok || !e.Spare || e.Client.MAC != rom.MAC {
			t.Errorf("%s is described as %+v, %v", name, e, ok)
		}
	}
}

// GRUB looks for its configuration where it was built to, at the root too. Only the
// address at which a boot by GRUB is under way finds it there.
func TestConfigurationAtRoot(t *testing.T) {
	for can, scheme := range map[boot.Features]string{boot.CanTFTP: "(tftp,10.0.0.1)/", boot.CanTFTP | boot.CanHTTP: "(http,10.0.0.1)/"} {
		tr := newChain(t, can)
		r := byShim(t, "uefi-shim-grub")
		asker := overTFTP
		asker.Peer = peer
		places := []string{"/grub/grub.cfg", "/debian-installer/amd64/grub/grub.cfg", "/EFI/fedora/grub.cfg", "grub.cfg"}
		for _, path := range places {
			if _, err := tr.Open(t.Context(), path, asker); err == nil {
				t.Errorf("%s is there before a boot", path)
			}
		}
		read(t, tr, tr.Names.Boot(rom, r)+"/shim.efi", asker)
		if _, err := tr.Open(t.Context(), "/grub/grub.cfg", asker); err == nil {
			t.Error("a request that anybody may have sent tells whose address it is")
		}
		tr.NoteBoot(tr.Names.Boot(rom, r)+"/shim.efi", peer)
		for _, path := range append(places, tr.Names.Boot(rom, r)+"/grub.cfg") {
			if got := read(t, tr, path, asker); !strings.Contains(got, "if linux '"+scheme) || !strings.Contains(got, "initrd '"+scheme) {
				t.Errorf("%s is %q", path, got)
			}
			if e, ok := tr.Describe(path, peer); !ok || e.Role != route.Script || e.Name != "grub.cfg" || e.Client.MAC != rom.MAC {
				t.Errorf("%s is described as %+v", path, e)
			}
		}
		if e, _ := tr.Describe("/grub/x86_64-efi/command.lst", peer); !e.Spare || e.Client.MAC != rom.MAC {
			t.Errorf("a list of modules is described as %+v", e)
		}
		if got := read(t, tr, "/grubx64.efi", asker); got != "GRUB" {
			t.Errorf("a shim that was told no folder gets %q", got)
		}
		asker.Peer = stranger
		for _, path := range append(places, "/grubx64.efi", "/grub/secret") {
			if _, err := tr.Open(t.Context(), path, asker); err == nil {
				t.Errorf("a stranger gets %s", path)
			}
		}
	}
}

// Trouble is told in the words of the loader that asks.
func TestTroubleForGRUB(t *testing.T) {
	tr := newChain(t, boot.CanTFTP)
	tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{}, boot.ErrIgnore })
	got := read(t, tr, tr.Names.Boot(rom, byShim(t, "uefi-shim-grub"))+"/grub.cfg", overTFTP)
	if strings.Contains(got, "#!ipxe") || !strings.Contains(got, "Spur has nothing to boot") {
		t.Errorf("got %q", got)
	}
}

// Where machines are said to have Secure Boot on, iPXE is told of the shim, which is
// beside its script.
func TestShimForIPXE(t *testing.T) {
	tr := newChain(t, boot.CanTFTP)
	folder := tr.Names.Boot(ipxe, ipxeHTTP)
	if got := read(t, tr, folder+"/boot.ipxe", overHTTP); strings.Contains(got, "shim") {
		t.Errorf("the script is %s", got)
	}
	tr.SecureBoot = route.SecureBootOn
	if got := read(t, tr, folder+"/boot.ipxe", overHTTP); !strings.Contains(got, "\nshim http://10.0.0.1/"+folder+"/shim.efi ||\n") {
		t.Errorf("the script is %s", got)
	}
	if got := read(t, tr, folder+"/shim.efi", overHTTP); got != "shim" {
		t.Errorf("the shim is %q", got)
	}
	if e, ok := tr.Describe(folder+"/shim.efi", peer); !ok || e.Role != route.Extra {
		t.Errorf("the shim is described as %+v", e)
	}
}
