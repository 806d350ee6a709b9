package tree

import (
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// Path is where a route's file stands in the tree of a client's boot.
func (t *Tree) Path(c boot.Client, r route.Route) string {
	return t.Names.Boot(c, r) + "/" + r.Give
}

// Location is what a boot offer says about a route's file: a URL, or, for TFTP
// over IPv4, a bare path, since the server has a field of its own in the offer. It is
// empty for who asks by names of its own.
func (t *Tree) Location(c boot.Client, r route.Route) string {
	if r.Unsealed() {
		return ""
	}
	if r.Via != route.TFTP || c.Server.Is6() {
		return t.base(r.Via, c.Server) + "/" + t.Path(c, r)
	}
	return t.Path(c, r)
}
