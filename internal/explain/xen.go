package explain

import (
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/tree"
)

// xenDisk explains the disk of which firmware starts Xen.
func (e *explanation) xenDisk(c boot.Client, r route.Route, indent string) {
	xen, ok := e.payload.Content.(boot.Xen)
	if !ok {
		return
	}
	names := []string{xen.Title() + e.signature()}
	for _, f := range xen.Beside() {
		names = append(names, f.File.Base())
	}
	e.line("%s%s is a disk that is put together while it is served: %s", indent, route.XenDisk, strings.Join(names, ", "))
	e.xenConfig(xen, e.tree.URLs(c, r, e.payload, tree.Asker{Via: r.Via, Server: c.Server}), indent)
}

// xenConfig shows the configuration of Xen.
func (e *explanation) xenConfig(x boot.Xen, urls loader.URLs, indent string) {
	e.line("%sof which the configuration of Xen is:", indent)
	for line := range strings.Lines(loader.XenConfig(x, urls)) {
		e.line("%s  | %s", indent, strings.TrimRight(line, "\n"))
	}
}
