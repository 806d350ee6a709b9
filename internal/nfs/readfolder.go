package nfs

// Cookies of a folder's entries: where a list goes on. Entries are in the order of their
// names, which nothing changes, so that a cookie holds after a restart.
const (
	cookieSelf  = 1 + iota // behind "."
	cookieAbove            // behind ".."
)

// listing is a part of a folder's list that is being written.
type listing struct {
	e     *encoder
	names int // bytes of what READDIR has of the entries
	// Bounds of names and of the whole.
	mostNames, most int
	plus            bool // with attributes and handles
}

// readFolder carries out READDIR (RFC 1813 section 3.3.16).
func readFolder(c *conn, dir place, args *decoder, e *encoder) error {
	cookie := listCookie(args)
	most := int(min(args.uint32(), mostFolder))
	return c.listFolder(dir, cookie, listing{e: e, mostNames: most, most: most})
}

// readFolderPlus carries out READDIRPLUS (RFC 1813 section 3.3.17).
func readFolderPlus(c *conn, dir place, args *decoder, e *encoder) error {
	cookie := listCookie(args)
	names, most := int(min(args.uint32(), mostFolder)), int(min(args.uint32(), mostFolder))
	return c.listFolder(dir, cookie, listing{e: e, mostNames: names, most: most, plus: true})
}

// listCookie reads where a list goes on, and the verifier: of lists that don't change it is
// always the same.
func listCookie(args *decoder) uint64 {
	cookie := args.uint64()
	args.uint64()
	return cookie
}

func (c *conn) listFolder(dir place, cookie uint64, l listing) error {
	children, err := dir.export.Files.list(dir.node)
	if err != nil {
		return err
	}
	c.reserve(l.e, l.most)
	l.most += len(l.e.b)
	l.e.succeed(dir)
	l.e.uint64(0) // the verifier
	written, all := c.entries(l, dir, children, cookie)
	if written == 0 && !all {
		return statusTooSmall
	}
	l.e.bool(false) // no more entries here
	l.e.bool(all)
	return nil
}

// entries writes as many entries as there is room for.
func (c *conn) entries(l listing, dir place, children []*node, cookie uint64) (written int, all bool) {
	for last := uint64(len(children)) + cookieAbove; cookie < last; cookie++ {
		name, n := entryAfter(dir.node, children, cookie)
		if !l.add(c, name, place{dir.export, n}, cookie+1) {
			return written, false
		}
		written++
	}
	return written, true
}

// entryAfter is the entry behind a cookie.
func entryAfter(dir *node, children []*node, cookie uint64) (string, *node) {
	switch cookie {
	case 0:
		return ".", dir
	case cookieSelf:
		return "..", dir.above()
	}
	n := children[cookie-cookieAbove]
	return n.name, n
}

// add writes an entry unless there is no room for it.
func (l *listing) add(c *conn, name string, p place, cookie uint64) bool {
	const end = 8 // what follows the last entry
	before := len(l.e.b)
	l.e.bool(true)
	l.e.uint64(p.id)
	l.e.opaque(name)
	l.e.uint64(cookie)
	names := len(l.e.b) - before
	if l.plus {
		l.e.attributesOf(p)
		l.e.bool(true)
		c.handle(l.e, p)
	}
	if l.names+names > l.mostNames || len(l.e.b)+end > l.most {
		l.e.b = l.e.b[:before]
		return false
	}
	l.names += names
	return true
}
