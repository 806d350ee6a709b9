// Package httpd serves a file tree over HTTP to machines that boot.
//
// After the first loader, everything a machine fetches comes through here:
// iPXE's scripts, kernels and disks by range, UEFI HTTP Boot's loaders and ISO
// images, GRUB's modules, installers' packages. So it has to be as fast as a
// web server that does nothing else, and as patient as firmware needs.
//
//   - [Handler] answers GET and HEAD on a tree (RFC 9110): ranges, conditions,
//     entity tags, types that UEFI HTTP Boot knows (UEFI 2.10, section 24.7).
//     It keeps sendfile(2): bytes of an operating system file never pass
//     through the process, also while a [Hooks] counts them, and also while the
//     file itself is still arriving from elsewhere (see [Backed]).
//   - [Server] bounds what a peer can take: connections in all and per peer,
//     time for a header, time without progress, and time to stop. With
//     [Server.TLS] it speaks HTTPS, and says of a handshake that failed why
//     ([Failure]); [FirmwareSuites] are the cipher suites that firmware needs.
//   - [Hooks] tell what was asked for, how it goes on, and how it ended.
//
// What firmware sends is met in one place, [Clean]: backslashes, doubled
// slashes, names that try to leave the tree.
//
// A transfer whose file shrinks or fails ends by cutting that connection: the
// length was already promised, and an aborted connection is the only way in
// HTTP/1.1 to say that it can't be kept (RFC 9112, section 8).
package httpd

import (
	"context"
	"io/fs"
	"net/http"
	"net/netip"
	"os"
)

// Opener finds the file that a request names. name is a valid [fs.FS] path
// (see [Clean]); "." is the root. The request is there for what the name
// doesn't say: who asks, and at which address. Errors become answers: see
// [Handler].
type Opener func(ctx context.Context, r *http.Request, name string) (fs.File, error)

// FS opens names in fsys, the same for everyone.
func FS(fsys fs.FS) Opener {
	return func(_ context.Context, _ *http.Request, name string) (fs.File, error) {
		return fsys.Open(name)
	}
}

// Backed may be implemented by a file whose bytes lie, in part or as yet, in an
// operating system file: they are then sent by sendfile(2).
type Backed interface {
	// Backing waits until the byte at offset off is there, and returns the
	// file that has it at the offset at, with the number of bytes that can be
	// read from there on, at least 1. A nil file means that the bytes at off
	// must be had by Read. The file must be private to the caller, who moves
	// its position, and is closed by the Backed, not by the caller.
	Backing(off int64) (f *os.File, at, n int64, err error)
}

// Tagged may be implemented by a file that knows its entity tag, in quotes as
// in RFC 9110 section 8.8.3. An empty tag means that the file has none; one is
// then not made up from its size and time either.
type Tagged interface {
	ETag() string
}

// Local is the address of ours that the client reached with r: what a script
// made for this client must name in its URLs. It is the zero AddrPort when r
// didn't come over a socket.
func Local(r *http.Request) netip.AddrPort {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(interface{ AddrPort() netip.AddrPort })
	if !ok {
		return netip.AddrPort{}
	}
	return unmap(addr.AddrPort())
}

// Remote is the address that r came from, or the zero AddrPort.
func Remote(r *http.Request) netip.AddrPort {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.AddrPort{}
	}
	return unmap(addr)
}

// unmap makes an IPv4 peer on a dual-stack socket look like the IPv4 peer it is.
func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
