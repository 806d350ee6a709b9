package tree

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"time"
)

// generated is a file that is made when it is asked for.
type generated struct {
	*bytes.Reader
	name string
	data []byte
	// trouble is why this script boots nothing.
	trouble error
	// menu: it lets people choose, for as long as they like.
	menu bool
	// leaves: it sends the machine on to its own disk.
	leaves bool
	// last: with this file the machine has all that Spur knows of.
	last bool
}

// Last tells whether a file is one with which the machine has all that Spur
// knows of: an iPXE script of the operator's, whatever it does then.
func Last(f any) bool {
	g, ok := f.(*generated)
	return ok && g.last
}

// IsMenu tells whether a file is a menu, in front of which a machine waits.
func IsMenu(f any) bool {
	g, ok := f.(*generated)
	return ok && g.menu
}

// Leaves tells whether a file sends the machine on to its own disk.
func Leaves(f any) bool {
	g, ok := f.(*generated)
	return ok && g.leaves
}

// Trouble is why a script boots nothing but says so on the machine's screen;
// nil for every other file.
func Trouble(f any) error {
	if g, ok := f.(*generated); ok {
		return g.trouble
	}
	return nil
}

func newGenerated(name, text string) *generated {
	data := []byte(text)
	return &generated{Reader: bytes.NewReader(data), name: name, data: data}
}

// Close has nothing to release.
func (g *generated) Close() error { return nil }

// Stat describes the file. It has no time: its ETag is made of its bytes.
func (g *generated) Stat() (fs.FileInfo, error) { return g, nil }

// ETag is the same for the same bytes, on every server and after a restart.
func (g *generated) ETag() string {
	sum := sha256.Sum256(g.data)
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}

func (g *generated) Name() string       { return g.name }
func (g *generated) Mode() fs.FileMode  { return 0o444 }
func (g *generated) ModTime() time.Time { return time.Time{} }
func (g *generated) IsDir() bool        { return false }
func (g *generated) Sys() any           { return nil }
