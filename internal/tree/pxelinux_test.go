package tree

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// keptSources keeps long sources in memory.
type keptSources map[Digest]string

func (k keptSources) Keep(source string)           { k[DigestOf(source)] = source }
func (k keptSources) Find(d Digest) (string, bool) { s, ok := k[d]; return s, ok }

// pxelinuxTree is a tree with a PXELINUX, and the client that is given it by a route.
func pxelinuxTree(t *testing.T, name string) (*Tree, boot.Client, route.Route) {
	t.Helper()
	tr, dir := newTree(t)
	tr.LongSources = keptSources{}
	bios := boot.Client{MAC: rom.MAC, UUID: rom.UUID, Server: server, Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.ROM}
	tr.Loaders = nil
	for _, file := range []string{"lpxelinux.0", "pxelinux.0", "ldlinux.c32"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte("THE "+file), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ldlinux := route.Binary{Build: route.Build{File: "ldlinux.c32", Firmware: boot.BIOS, Arch: boot.X86}, Path: filepath.Join(dir, "ldlinux.c32")}
	for _, file := range []string{"lpxelinux.0", "pxelinux.0"} {
		tr.Loaders = append(tr.Loaders, route.Binary{Build: route.Build{File: file, Firmware: boot.BIOS, Arch: boot.X86}, Path: filepath.Join(dir, file), Beside: []route.Binary{ldlinux}})
	}
	payload, err := tr.Resolver.Resolve(t.Context(), bios)
	if err != nil {
		t.Fatal(err)
	}
	ladder := route.Routes(bios, payload, tr.Host)
	for _, r := range ladder.Routes {
		if r.Name == name {
			return tr, bios, r
		}
	}
	t.Fatalf("no route %s: %+v", name, ladder)
	return nil, bios, route.Route{}
}

// PXELINUX gets what it asks for beside itself: its companion, and one configuration
// under whatever name. What that names is there, under the names that PXELINUX sends.
func TestPXELINUX(t *testing.T) {
	for name, want := range map[string]string{
		"bios-lpxelinux": `LINUX http://10\.0\.0\.1/([-_0-9A-Za-z]{54}/vm%20linuz)\nAPPEND initrd=http://10\.0\.0\.1/([-_0-9A-Za-z]{54}/initrd),http://10\.0\.0\.1/([-_0-9A-Za-z]{54}/extra\.gz) up=http://10\.0\.0\.1/([-_0-9A-Za-z]{66}/up)\n$`,
		"bios-pxelinux":  `LINUX ::([-_0-9A-Za-z]{54}/vm%20linuz)\nAPPEND initrd=::([-_0-9A-Za-z]{54}/initrd),::([-_0-9A-Za-z]{54}/extra\.gz) up=http://10\.0\.0\.1/([-_0-9A-Za-z]{66}/up)\n$`,
	} {
		tr, bios, r := pxelinuxTree(t, name)
		folder := strings.TrimSuffix(tr.Path(bios, r), r.Give)
		if got := read(t, tr, folder+r.Give, overTFTP); got != "THE "+r.Give {
			t.Errorf("the loader is %q", got)
		}
		if got := read(t, tr, folder+"ldlinux.c32", overTFTP); got != "THE ldlinux.c32" {
			t.Errorf("its companion is %q", got)
		}
		config := read(t, tr, folder+"pxelinux.cfg/default", overTFTP)
		for _, other := range []string{"01-52-54-00-aa-bb-01", "0A000001", "0"} {
			if got := read(t, tr, folder+"pxelinux.cfg/"+other, overTFTP); got != config {
				t.Errorf("%s: %s", other, got)
			}
		}
		at := regexp.MustCompile(want).FindStringSubmatch(config)
		if at == nil {
			t.Fatalf("%s: %s", name, config)
		}
		for i, text := range []string{"KERNEL", "INITRD", "FROM http://up/extra.gz?v=1", "Spur has seen that 52:54:00:aa:bb:01 is up.\n"} {
			if got := read(t, tr, at[i+1], overTFTP); got != text {
				t.Errorf("%s is %q", at[i+1], got)
			}
		}
		if e, ok := tr.Describe(folder+"pxelinux.cfg/01-52-54-00-aa-bb-01", netip.Addr{}); !ok || e.Role != route.Script || e.Client.MAC != bios.MAC {
			t.Errorf("the configuration is described as %+v", e)
		}
	}
}

// What keeps a machine from booting is its configuration.
func TestPXELINUXTrouble(t *testing.T) {
	tr, bios, r := pxelinuxTree(t, "bios-lpxelinux")
	tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{}, boot.ErrIgnore })
	f, err := tr.Open(t.Context(), strings.TrimSuffix(tr.Path(bios, r), r.Give)+"pxelinux.cfg/default", overTFTP)
	if err != nil || Trouble(f) == nil {
		t.Errorf("%v, %v", f, err)
	}
}
