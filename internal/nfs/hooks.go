package nfs

import "net/netip"

// Hooks tell what a server does. Each may be nil. They are called from the goroutines of
// connections, several at once, and hold them up.
type Hooks struct {
	// Mounted: a client was given the root of an export.
	Mounted func(peer netip.AddrPort, path string, e *Export)
	// Refused: a connection or a mount was refused. what is the path, empty for a connection.
	Refused func(peer netip.AddrPort, what string, err error)
	// Read: n bytes of a file were sent.
	Read func(peer netip.AddrPort, e *Export, file string, n int)
	// Left: a connection has ended over which files of an export were sent; once for each.
	Left func(peer netip.AddrPort, u Use)
	// Failed: a file or a folder couldn't be read.
	Failed func(peer netip.AddrPort, e *Export, file string, err error)
	// Panicked: serving a call panicked. Its connection has ended.
	Panicked func(peer netip.AddrPort, value any, stack []byte)
}
