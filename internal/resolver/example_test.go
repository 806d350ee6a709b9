package resolver_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/resolver"
)

// A boot API that knows one machine.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/boot/52:54:00:12:34:56" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, `{"kernel": "file:///srv/vmlinuz", "initrd": ["file:///srv/initrd"], "cmdline": "quiet"}`)
	}))
	defer server.Close()

	remote, err := resolver.NewRemote(resolver.RemoteConfig{
		Prefix: server.URL,
		Allow:  func(string) error { return nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remote.Close()
	shared := resolver.NewCoalescer(remote, resolver.CoalescerConfig{})
	defer shared.Close()

	for _, mac := range []boot.MAC{{0x52, 0x54, 0, 0x12, 0x34, 0x56}, {0x52, 0x54, 0, 0x12, 0x34, 0x57}} {
		payload, err := shared.Resolve(context.Background(), boot.Client{MAC: mac})
		if err != nil {
			fmt.Println(strings.ReplaceAll(err.Error(), server.URL, "http://api"))
			continue
		}
		linux := payload.Content.(boot.Linux)
		fmt.Println(linux.Kernel.Source, linux.Initrds[0].Source)
	}
	// Output:
	// /srv/vmlinuz /srv/initrd
	// not for us: the boot API at http://api/v1 says "404 Not Found" for 52:54:00:12:34:57, which means that it is not to be booted
}
