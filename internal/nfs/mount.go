package nfs

import "strings"

// mostPath is the most bytes that the path of a mount has (MNTPATHLEN of RFC 1813 appendix I).
const mostPath = 1024

// mountProcedure is a procedure of MOUNT by its number (RFC 1813 section 5.2): who has mounted
// what isn't remembered, and exports aren't listed, since their names are secret.
func mountProcedure(number uint32) procedure {
	all := [...]procedure{null, mount, noList, null, null, noList} // with DUMP, UMNT, UMNTALL, EXPORT
	if uint64(number) < uint64(len(all)) {
		return all[number]
	}
	return nil
}

func noList(_ *conn, _ *decoder, e *encoder) { e.bool(false) }

func mount(c *conn, args *decoder, e *encoder) {
	path := string(args.opaque(mostPath))
	p, err := c.mount(path)
	if err != nil {
		if c.Hooks.Refused != nil && !args.bad {
			c.Hooks.Refused(c.peer, path, err)
		}
		c.fail(e, place{}, err)
		return
	}
	if c.known(); c.refused {
		return
	}
	if c.Hooks.Mounted != nil {
		c.Hooks.Mounted(c.peer, path, p.export)
	}
	e.uint32(uint32(statusOK))
	c.handle(e, p)
	e.uint32(2) // flavors of credentials
	e.uint32(authSys)
	e.uint32(authNone)
}

// mount finds the folder of a path: an export, or one in it. Clients follow links themselves.
func (c *conn) mount(path string) (place, error) {
	export, folder, err := c.Exports.ByPath(path)
	if err != nil {
		return place{}, err
	}
	c.used = append(c.used, export)
	at := export.Files.root
	for name := range strings.SplitSeq(folder, "/") {
		if name == "" {
			continue
		}
		if at, err = export.Files.lookup(at, name); err != nil {
			return place{}, err
		}
	}
	if !at.mode.IsDir() {
		return place{}, statusNotFolder
	}
	return place{export, at}, nil
}
