package onlooker

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/capture"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/timeline"
)

// fetch is one transfer, from its request to its end as far as that is in the
// capture.
func (o *overhearing) fetch(t *capture.Transfer) {
	if t.Method == http.MethodHead && t.Err == "" {
		return // firmware asks for the size first
	}
	name := baseOf(t.Name)
	if name == "" && t.Proto != "tftp" { // whose request is what a transfer begins with
		name = baseOf(o.file)
	}
	e := timeline.Event{
		Proto: t.Proto, Name: name, Role: o.roleOf(t, name), Peer: t.Client.Addr(), Server: t.Server.Addr(),
		Bytes: t.Bytes, Total: max(t.Total, t.Whole), Partly: t.Lacks > 0,
	}
	if t.Status >= http.StatusMultipleChoices { // what comes with it is a page that says so
		e.Bytes, e.Total = 0, 0
	}
	if _, query, ok := strings.Cut(t.Name, "?"); ok {
		o.memory(t, query)
	}
	if e.Spare = t.Missing && o.doesWithout(name); !e.Spare {
		start := e
		start.Kind, start.Bytes = timeline.FetchStart, 0
		o.add(t.Start, start)
	}
	switch {
	case t.Done && t.Err == "":
		e.Kind = timeline.FetchEnd
	case t.SizeOnly:
		e.Kind = timeline.SizeAsked
	case t.Err == "":
		e.Kind = timeline.FetchProgress
	default:
		e.Kind, e.Err, e.Refusal = timeline.FetchFailed, t.Err, refusalOf(t)
	}
	o.add(t.Last, e)
}

// refusalOf is how a server said that it doesn't send a file; "" where it didn't.
func refusalOf(t *capture.Transfer) timeline.Refusal {
	switch {
	case t.Missing:
		return timeline.NoSuchFile
	case t.Refused:
		return timeline.Refused
	case t.Status >= http.StatusMultipleChoices:
		return timeline.Redirected
	}
	return ""
}

// memory is what a machine says of its memory while it asks for its kernel.
func (o *overhearing) memory(t *capture.Transfer, query string) {
	values, err := url.ParseQuery(query)
	if bytes := identify.Memory(values); err == nil && bytes > 0 {
		o.add(t.Start, timeline.Event{Kind: timeline.Memory, Proto: t.Proto, Bytes: bytes, Peer: t.Client.Addr()})
	}
}

// doesWithout tells whether the machine's programs look for a file and need none.
func (o *overhearing) doesWithout(name string) bool {
	if o.client.Loader == boot.RPi {
		return !route.RPiNeeds(o.client, name)
	}
	return route.LoadersDoWithout(name)
}

// loaderMost is the size of the largest loader; an EFI application that is larger
// has a kernel in it.
const loaderMost = 8 << 20

// roleOf says by its name what a file is for. The file that was offered is what
// the program starts, whatever it is called.
func (o *overhearing) roleOf(t *capture.Transfer, name string) timeline.Role {
	lower := strings.ToLower(name)
	if o.client.Loader == boot.RPi {
		return timeline.Role(route.RPiRole(name))
	}
	config := strings.Contains(t.Name, "pxelinux.cfg/") || hasAny(lower, "grub.cfg", "menu.lst", "boot.scr", ".conf", ".cfg", "autoexec.ipxe")
	switch {
	case config && t.Missing:
		return timeline.RoleFile // loaders look for one after the other
	case config, hasAny(lower, ".ipxe", ".gpxe"):
		return timeline.RoleScript
	case hasAny(lower, ".c32", ".e32", ".e64", ".mod", ".lst", "revocations", ".dtb", ".pf2", "shim_certificate"):
		return timeline.RoleFile
	case strings.HasSuffix(lower, ".efi") && max(t.Total, t.Whole, t.Bytes) > loaderMost:
		return timeline.RoleKernel
	case hasAny(lower, "vmlinu", "bzimage", ".lkrn", "xen") || lower == "linux" || lower == "kernel" || lower == "memdisk":
		return timeline.RoleKernel
	case hasAny(lower, "initrd", "initramfs", ".cpio"):
		return timeline.RoleInitrd
	case o.client.Loader == boot.IPXE && name == baseOf(o.file) && !strings.Contains(lower, "."):
		return timeline.RoleScript
	case hasAny(lower, ".efi", "pxe", ".0", ".com", ".n12", "grub", "shim") || name == baseOf(o.file):
		return timeline.RoleLoader
	}
	return timeline.RoleFile
}

func hasAny(s string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
}
