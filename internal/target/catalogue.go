package target

import (
	"context"
	"errors"
	"hash/fnv"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/password"
)

// refreshEvery is how old a look may be: a machine asks several times in the course
// of one boot.
const refreshEvery = time.Second

// catalogue is what is in a menu that loaders draw: targets that were named, and what
// lies in folders now. What a file is, is kept for as long as it isn't changed.
type catalogue struct {
	parts     []part
	up        Upstream
	now       func() time.Time
	prompt    string
	timeout   time.Duration
	passwords *password.Gate // nil for none
	waits     bool           // until images are unpacked, since one of them may be named by its title
	first     uint16         // the item that boots where nobody chooses

	mu       sync.Mutex
	lookedAt time.Time
	known    map[string]known  // by path
	numbers  map[string]uint16 // of files, by path; for as long as Spur runs
	used     map[uint16]bool
	entries  []entry
	payload  boot.Payload
	skipped  string // says what doesn't boot; empty for nothing
	leftOut  []leftOut
	later    bool // images are still to be unpacked
}

// part is a target that was named, or a folder of targets.
type part struct {
	named  *entry
	dir    string // its absolute path
	target Target // what was said of all targets
	group  string // the menu that the folder is, below the first one; empty for the first one itself
}

// below is a path of the part for people: below its folder and, in a menu of several, behind
// the name of that.
func (p part) below(full string) string {
	name, err := filepath.Rel(p.dir, full)
	if err != nil || name == "." {
		name = filepath.Base(full)
	}
	return path.Join(p.group, filepath.ToSlash(name))
}

// current is what is in the menu now.
func (c *catalogue) current() []entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.entries
}

// Resolve implements boot.Resolver: a machine is given the menu, and what was chosen from
// it.
func (c *catalogue) Resolve(ctx context.Context, client boot.Client) (boot.Payload, error) {
	if client.Item < firstNamed || client.Item >= endOfFiles { // a boot server's type, or none
		c.refresh(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.menuFor(client.FirmwareArch()), nil
	}
	if e, ok := c.find(client.Item); ok {
		return e.forArch(client.FirmwareArch()).Payload, nil
	}
	c.refresh(ctx) // of a menu that another Spur has drawn
	if e, ok := c.find(client.Item); ok {
		return e.forArch(client.FirmwareArch()).Payload, nil
	}
	return boot.Payload{}, errors.New("what was chosen isn't in the menu any more")
}

func (c *catalogue) find(number uint16) (entry, bool) {
	all := c.current()
	at := slices.IndexFunc(all, func(e entry) bool { return e.number == number })
	if at < 0 {
		return entry{}, false
	}
	return all[at], true
}

// menuFor is the menu for machines of an architecture, for which there is another one where
// an item has something for them.
func (c *catalogue) menuFor(arch boot.Arch) boot.Payload {
	if slices.ContainsFunc(c.entries, func(e entry) bool { return len(e.others) > 0 }) {
		return c.menu(arch)
	}
	return c.payload
}

// menu is the menu as it is now.
func (c *catalogue) menu(arch boot.Arch) boot.Payload {
	m := boot.Menu{Prompt: c.prompt, Timeout: c.timeout, Default: c.first}
	for _, e := range c.entries {
		m.Items = append(m.Items, boot.MenuItem{Item: e.number, Title: e.title, Group: e.group, Payload: e.forArch(arch).Payload, Locked: c.protects(e)})
	}
	return boot.Payload{Content: m}
}

// refresh looks through the folders, if the last look is old.
func (c *catalogue) refresh(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.lookedAt.IsZero() && (!c.hasFolders() || c.now().Sub(c.lookedAt) < refreshEvery) {
		return
	}
	before := c.skipped
	all, kept := []entry{}, map[string]known{}
	look := &groupLook{catalogue: c, kept: kept}
	for _, p := range c.parts {
		if p.named != nil {
			all = append(all, *p.named)
			continue
		}
		all = append(all, look.through(ctx, p)...)
	}
	tellApart(all)
	first := c.lookedAt.IsZero()
	c.entries, c.known, c.lookedAt = all, kept, c.now()
	c.skipped, c.leftOut, c.later = look.skippedText(), look.skipped, len(look.unpacking) > 0
	c.payload = c.menu("")
	if !first && c.skipped != before && c.skipped != "" {
		c.up.Say(c.skipped)
	}
}

func (c *catalogue) hasFolders() bool {
	return slices.ContainsFunc(c.parts, func(p part) bool { return p.named == nil })
}

// number is that of a file: of its path below the folder, or the next one that is free.
func (c *catalogue) number(file, below string) uint16 {
	if n, ok := c.numbers[file]; ok {
		return n
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(below)) // a hash takes all
	n := firstFile + uint16(h.Sum32()%(endOfFiles-firstFile))
	for c.used[n] {
		if n++; n == endOfFiles {
			n = firstFile
		}
	}
	c.used[n], c.numbers[file] = true, n
	return n
}
