package tree

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/route"
)

// An item with a password is booted by who knows it, over HTTP and by its script alone;
// nothing of it is found by another way, nor by an address from which it was asked for.
func TestLocked(t *testing.T) {
	tr := newFolder(t)
	folder := tr.Resolver
	tr.Resolver = resolverFunc(func(c boot.Client) (boot.Payload, error) {
		if c.Item == 2 {
			return boot.Payload{Content: boot.Local{}}, nil
		}
		return folder.Resolve(t.Context(), c)
	})
	wrong := errors.New("wrong")
	tr.Locked = func(c boot.Client) bool { return c.Item != 0 }
	tr.Unlock = func(_ context.Context, c boot.Client, a Asker) error {
		if a.Password != "right" {
			return wrong
		}
		return nil
	}
	ipxe := biosROM
	ipxe.Loader, ipxe.Features, ipxe.Item = boot.IPXE, boot.UsualIPXE, 2
	script := route.Configured(boot.IPXE, route.HTTP)
	given := func(password string) Asker {
		return Asker{Via: route.HTTP, Server: server, Peer: peer, Password: password, HasPassword: true}
	}
	opens := func(path string, a Asker) error {
		f, err := tr.Open(t.Context(), path, a)
		if err == nil {
			_ = f.Close()
		}
		return err
	}
	below := tr.Names.Boot(ipxe, script)
	for name, c := range map[string]struct {
		path  string
		asker Asker
		want  error
	}{
		"none":                  {below + "/boot.ipxe", Asker{Via: route.HTTP, Server: server}, ErrNoPassword},
		"a wrong one":           {below + "/boot.ipxe", given("left"), wrong},
		"an empty one":          {below + "/boot.ipxe", given(""), wrong},
		"the right one":         {below + "/boot.ipxe", given("right"), nil},
		"over TFTP":             {below + "/boot.ipxe", Asker{Via: route.TFTP, Server: server, Password: "right", HasPassword: true}, fs.ErrPermission},
		"a file that is none":   {below + "/a/boot.cfg", given("right"), fs.ErrPermission},
		"it says that it is up": {below + "/" + route.BeaconFile, Asker{Via: route.HTTP, Server: server}, nil},
	} {
		err := opens(c.path, c.asker)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", name, err)
		}
		var asks *Unauthorized
		if errors.As(err, &asks) && (asks.HTTPStatus() != http.StatusUnauthorized || asks.Challenge() == "") {
			t.Errorf("%s: %+v", name, asks)
		}
	}
	ipxe.Item = 1 // the folder
	tr.Boots = &decide.Clients{}
	tr.NoteBoot(tr.Names.Boot(ipxe, script)+"/boot.ipxe", peer)
	for _, path := range []string{"a/boot.cfg", "pxelinux.0", tr.Names.Boot(ipxe, script) + "/pxelinux.0", tr.Names.Boot(ipxe, byShim(t, "bios-nbp")) + "/pxelinux.0"} {
		if err := opens(path, given("right")); err == nil {
			t.Errorf("%s of an item with a password is there", path)
		}
	}
}

// Loaders that can't ask for a password don't show an item that has one, and get nothing of
// it, over any way and with the password too; nobody gets anything without it.
func TestLockedByEveryRoute(t *testing.T) {
	tr := newFolder(t)
	menu := boot.Menu{Prompt: "Choose", Items: []boot.MenuItem{
		{Item: 1, Title: "Locked", Payload: boot.Payload{Content: boot.Local{}}, Locked: true},
		{Item: 2, Title: "Free", Payload: boot.Payload{Content: boot.Local{}}},
	}}
	tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return menu.Items[0].Payload, nil })
	tr.Locked = func(c boot.Client) bool { return c.Item == 1 }
	tr.Unlock = func(context.Context, boot.Client, Asker) error { return nil }
	drawn := 0
	for _, e := range route.Entries() {
		r, ok := route.ByID(route.Route{Name: e.Name}.ID())
		if !ok || r.Name != e.Name {
			t.Fatalf("there is no route %s", e.Name)
		}
		c := biosROM
		c.Firmware, c.Arch = e.Firmware, cmp.Or(e.Arch, boot.X64)
		if slices.Contains([]boot.Loader{boot.GRUB, boot.PXELINUX, boot.Syslinux}, r.Loader) {
			drawn++
			text := tr.Configuration(c, boot.Payload{Content: menu}, r, Asker{Via: r.Via, Server: server})
			if strings.Count(text, "Locked") != 1 || !strings.Contains(text, "boot here: Locked") {
				t.Errorf("%s draws\n%s", r.Name, text)
			}
		}
		c.Item = 1
		for _, f := range r.Files() {
			for _, a := range []Asker{{Via: route.TFTP}, {Via: route.HTTP}, {Via: route.HTTP, Password: "right", HasPassword: true}} {
				a.Server, a.Peer = server, peer
				opened, err := tr.Open(t.Context(), tr.Names.Boot(c, r)+"/"+f.Name, a)
				if err == nil {
					_ = opened.Close()
				}
				open := f.Role == route.Beacon || f.Role == route.Extra || r.Role == route.Script && a.HasPassword
				if !open && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, ErrNoPassword) {
					t.Errorf("%s over %s by %s, password %q: %v", f.Name, a.Via, r.Name, a.Password, err)
				}
			}
		}
	}
	if drawn < 5 {
		t.Errorf("%d routes by such loaders", drawn)
	}
}
