package tree

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// Export says where systems find images that are exported over one protocol.
type Export struct {
	Port uint16
	// Name is what a system asks for by, made of a sealed name of lower-case letters and
	// digits.
	Name func(sealed string) string
}

// exportVersion is that of the sealed name of an image that is exported, after those of names
// in paths.
const exportVersion = 5

// exportSize is the size of what is sealed: the version, who asks, and the image's digest.
const exportSize = 1 + len(boot.MAC{}) + len(Digest{})

// exportEncoding has digits and lower-case letters alone, as names of iSCSI have (RFC 3722).
func exportEncoding() *base32.Encoding {
	return base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)
}

// Export seals the name by which a machine's system asks for an image that is exported.
func (n Names) Export(mac boot.MAC, f boot.File) string {
	d := DigestOf(f.Key())
	token := n.Key.Seal(slices.Concat([]byte{exportVersion}, mac[:], d[:]))
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		panic("tree: " + err.Error()) // Seal has encoded it
	}
	return exportEncoding().EncodeToString(sealed)
}

// OpenExport reads such a name.
func (n Names) OpenExport(name string) (Name, error) {
	sealed, err := exportEncoding().DecodeString(name)
	if err != nil || exportEncoding().EncodeToString(sealed) != name { // another spelling of one
		return Name{}, errForged
	}
	b, err := n.Key.Open(base64.RawURLEncoding.EncodeToString(sealed))
	if err != nil || len(b) != exportSize || b[0] != exportVersion {
		return Name{}, errForged
	}
	var opened Name
	copy(opened.Client.MAC[:], b[1:])
	opened.Digest = Digest(b[1+len(boot.MAC{}):])
	return opened, nil
}

// exported is a word about where a client's system finds an image.
func (t *Tree) exported(c boot.Client, f boot.File, server netip.Addr) string {
	over := t.Exports[f.Told.Over]
	switch f.Told.Word {
	case boot.ExportServer:
		return strings.TrimSuffix(net.JoinHostPort(server.String(), ""), ":") // an IPv6 address in brackets
	case boot.ExportPort:
		return strconv.Itoa(int(over.Port))
	}
	f.Told = boot.Export{}
	if t.LongSources != nil {
		t.LongSources.Keep(f.Key())
	}
	return over.Name(t.Names.Export(c.MAC, f))
}

// Exported is an image that was opened for a machine's system.
type Exported struct {
	io.ReaderAt
	Size int64
	io.Closer
}

// Mounted says whose image it is that a system asked for by a name, and what that is called.
func (t *Tree) Mounted(name string) (boot.MAC, string) {
	n, err := t.Names.OpenExport(name)
	if err != nil {
		return boot.MAC{}, ""
	}
	f, _ := t.known(n)
	return n.Client.MAC, f.Base()
}

// OpenExport opens the image that a system asks for by a name. Images at a URL are read for
// as long as ctx lasts.
func (t *Tree) OpenExport(ctx context.Context, name string) (Exported, error) {
	n, err := t.Names.OpenExport(name)
	if err != nil {
		return Exported{}, err
	}
	f, err := t.source(ctx, n)
	if err != nil {
		return Exported{}, err
	}
	f.Told = boot.Export{}
	c, err := t.Sources.openImage(ctx, f)
	if err != nil {
		return Exported{}, fmt.Errorf("%s: %w", f.Base(), err)
	}
	return Exported{c.ReaderAt, c.info.Size(), c.file}, nil
}

// openImage opens an image to be read at random: of one at a URL no more is fetched than is
// read, where that can be had.
func (s Sources) openImage(ctx context.Context, f boot.File) (container, error) {
	if f.IsURL() && s.Part != nil {
		r, info, err := s.openRemote(ctx, f.Source)
		if err == nil {
			return container{ReaderAt: r, file: lookedAt{info: info}, info: remoteInfo{info, r.size}, tag: r.tag}, nil
		}
		if !errors.Is(err, errNoParts) {
			return container{}, err
		}
	}
	whole, err := s.whole(ctx, f)
	if err != nil {
		return container{}, err
	}
	c, err := openContainer(whole)
	if err != nil {
		return c, errors.Join(err, whole.Close())
	}
	return c, nil
}
