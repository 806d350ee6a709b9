// Package share divides what a server has between those who come to it, so that
// none of them can take it all: memory for what is under way, and places for
// connections.
//
// A [Memory] is a number of bytes. Each connection has an [Account] of it, and
// each address may hold as much as it leaves for the others: alone half of the
// memory, beside another one a third. Who comes later finds some, however much
// those before want. The first [Reserve] bytes of each account are its own. They
// are always to be had, and cost nothing but the account's lock, so that small
// requests neither wait for other connections nor meet them.
//
// Memory bounds what a server holds only as well as its users give it back:
// a peer that owes the rest of its data, or takes no answers, must lose its
// connection after a while. Who waits for memory must hold none meanwhile, or
// all may wait for each other.
//
// [Places] are counted: so many in all, and so many of one address; where all are taken,
// the address that has most gives way. [HalfOpen] are connections that have yet to say what
// they want, and take no place: who has nothing to show keeps nobody out. [Accept] takes
// connections in.
package share

import (
	"net"
	"net/netip"
)

// PeerOf is the address that a connection counts for. All that have none, such
// as those of a Unix socket, count for the same.
func PeerOf(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap()
}
