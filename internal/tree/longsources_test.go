package tree

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/seal"
)

// kept is a LongSources without a bound.
type kept map[Digest]string

func (k kept) Keep(source string)           { k[DigestOf(source)] = source }
func (k kept) Find(d Digest) (string, bool) { s, ok := k[d]; return s, ok }
func presigned(n int, signature string) string {
	return "https://up/k?X-Sig=" + strings.Repeat("s", n) + signature
}

// Presigned URLs are longer than a packet. Their files are served over every
// protocol, also by another server with the key, and by one that was restarted.
func TestLongSources(t *testing.T) {
	for _, n := range []int{200, 300, 2000, 2049, 4000, boot.SourceMost - 30} {
		tr, _ := newTree(t)
		tr.LongSources = kept{}
		payload := boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: presigned(n, "1")}}}
		tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return payload, nil })
		urls := tr.URLs(ipxe, ipxeHTTP, payload, overTFTP)
		path := strings.TrimPrefix(urls.Kernel, "tftp://10.0.0.1")
		if len(path) > 512-len("\x00\x01\x00octet\x00") {
			t.Errorf("%d: a path of %d bytes fits into no packet of TFTP (RFC 1350)", n, len(path))
		}
		want := "FROM " + payload.Content.(boot.Linux).Kernel.Source
		if e, ok := tr.Describe(path, netip.Addr{}); !ok || e.Name != "k" || e.Role != route.Kernel || !e.Last || e.Client.MAC != ipxe.MAC {
			t.Errorf("%d: described as %+v, %v", n, e, ok)
		}
		tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{}, boot.ErrIgnore })
		if got := read(t, tr, path, overTFTP); got != want {
			t.Errorf("%d: got %q", n, got)
		}
		other := *tr
		other.LongSources = kept{}
		other.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return payload, nil })
		if got := read(t, &other, path, overTFTP); got != want {
			t.Errorf("%d: another server gives %q", n, got)
		}
	}
}

// What nobody knows any more is refused, and is not another file.
func TestLongSourceReplaced(t *testing.T) {
	tr, _ := newTree(t)
	tr.LongSources = kept{}
	path := strings.TrimPrefix(tr.URLs(ipxe, ipxeHTTP, boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: presigned(300, "1")}}}, overHTTP).Kernel, "http://10.0.0.1")
	tr.LongSources = kept{}
	tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) {
		return boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: presigned(300, "2")}}}, nil
	})
	if _, err := tr.Open(t.Context(), path, overHTTP); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "fetch the script again") {
		t.Errorf("got %v", err)
	}
}

// Whatever a source is, its name can be sealed and leads back to it.
func FuzzFileName(f *testing.F) {
	names := Names{Key: seal.NewKey()}
	f.Add("/boot/vmlinuz")
	f.Add(presigned(5000, "x"))
	f.Add("0" + strings.Repeat("\xe7", 200))
	f.Add("/srv/debian.iso\x00install.amd/vmlinuz")
	f.Fuzz(func(t *testing.T, key string) {
		file := boot.FileOf(key)
		if file.Source == "" || file.Key() != key {
			return
		}
		tr := &Tree{Names: names, LongSources: kept{}}
		got, err := names.Open(names.File(ipxe.MAC, route.Initrd, file, true))
		tr.LongSources.Keep(key)
		back, known := tr.known(got)
		if err != nil || got.IsBoot() || !known || back != file || got.Role != route.Initrd || !got.Last {
			t.Errorf("%q became %+v, %v", key, got, err)
		}
		if base := file.Base(); base == "" || len(base) > 100 {
			t.Errorf("%q has the name %q", key, base)
		}
		_, _ = tr.Open(context.Background(), "x", overHTTP)
	})
}
