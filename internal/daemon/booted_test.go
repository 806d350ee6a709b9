package daemon

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/machines"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/tree"
	"github.com/spurboot/spur/tftp"
)

// A machine that has booted once stays so over a restart with --data, until it
// is re-armed, which a running Spur sees.
func TestOnceOutlivesARestart(t *testing.T) {
	data := t.TempDir()
	start := func() (func(boot.MAC), boot.Resolver) {
		d := &daemon{config: Config{Once: true, Data: data}, notices: newNotices(Config{Out: io.Discard})}
		booted, chain, err := d.chain(resolver.Static{Payload: answertest.Kernel()})
		if err != nil {
			t.Fatal(err)
		}
		return booted, chain
	}
	boots := func(r boot.Resolver, c boot.Client) bool {
		_, err := r.Resolve(t.Context(), c)
		return err == nil
	}
	one, two := answertest.Machine(1, boot.UEFI, boot.ROM), answertest.Machine(2, boot.UEFI, boot.ROM)
	if all, err := machines.BootedOnce(data); err != nil || len(all) != 0 {
		t.Errorf("before the first: %v, %v", all, err)
	}
	booted, first := start()
	booted(one.MAC)
	if boots(first, one) || !boots(first, two) {
		t.Error("the machine that has booted boots again, or the other doesn't")
	}
	_, second := start()
	if boots(second, one) || !boots(second, two) {
		t.Error("a restart has forgotten it")
	}
	all, err := machines.BootedOnce(data)
	if err != nil || len(all) != 1 || all[0].MAC != one.MAC || time.Since(all[0].Time) > time.Hour {
		t.Errorf("listed as %v, %v", all, err)
	}
	if _, err := machines.Rearm(data, []boot.MAC{two.MAC, one.MAC}); err == nil || !strings.Contains(err.Error(), two.MAC.String()) {
		t.Errorf("re-arming one that has not booted: %v", err)
	}
	if !boots(second, one) {
		t.Error("the running Spur doesn't see that it is re-armed")
	}
	if _, err := machines.BootedOnce(filepath.Join(data, "nosuch")); err == nil {
		t.Error("a folder that isn't there is no error")
	}
}

// A machine counts as booted with the last file of its payload, told size or
// not, over both protocols, and with an iPXE script of the operator's.
func TestWhatCountsAsBooted(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sized" {
			w.Header().Set("Content-Length", "8")
		} else {
			_ = http.NewResponseController(w).Flush() // without a length
		}
		_, _ = io.WriteString(w, "contents")
	}))
	defer up.Close()
	linux := func(path string) boot.Payload {
		return boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: up.URL + path}}}
	}
	var own boot.Script
	own.Text.Text("#!ipxe\nshell\n")
	for name, p := range map[string]boot.Payload{
		"sized": linux("/sized"), "unsized": linux("/unsized"), "script": {Content: own},
	} {
		for _, via := range []route.Via{route.HTTP, route.TFTP} {
			t.Run(name+" over "+string(via), func(t *testing.T) {
				cache, err := fetch.New(fetch.Options{Dir: t.TempDir()})
				if err != nil {
					t.Fatal(err)
				}
				defer cache.Close()
				o := newOffers(t, resolver.Static{Payload: p})
				o.Tree.Sources.Upstream = openURL(cache)
				booted := make(chan boot.MAC, 10)
				f := &files{tree: o.Tree, events: o.Events, clients: o.Clients, booted: func(mac boot.MAC) { booted <- mac }}
				ctx, cancel := context.WithCancel(t.Context())
				var running sync.WaitGroup
				defer running.Wait()
				defer cancel()
				s := serveFiles(ctx, t, &running, f, newNotices(Config{Out: io.Discard}))
				c := answertest.Machine(1, boot.UEFI, boot.IPXE)
				path := o.Tree.Path(c, route.Configured(boot.IPXE, route.HTTP))
				if p.Kind() == boot.KindLinux {
					urls := o.Tree.URLs(c, route.Configured(boot.IPXE, route.HTTP), p, tree.Asker{Via: route.HTTP, Server: netip.MustParseAddr("10.0.0.1")})
					path = strings.TrimPrefix(urls.Kernel, "http://10.0.0.1/")
				}
				if via == route.HTTP {
					err = s.get(t, path)
				} else {
					_, err = new(tftp.Client).Get(ctx, s.tftp, path, io.Discard)
				}
				if err != nil {
					t.Fatal(err)
				}
				select {
				case mac := <-booted:
					if mac != c.MAC {
						t.Errorf("%s counts", mac)
					}
				case <-time.After(time.Minute):
					t.Error("it doesn't count")
				}
			})
		}
	}
}
