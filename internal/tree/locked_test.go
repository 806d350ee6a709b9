package tree

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
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
