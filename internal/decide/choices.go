package decide

import (
	"sync"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// choiceLasts is how long a choice holds for programs that know of none: longer than a
// person looks at a menu.
const choiceLasts = time.Hour

// Choices remembers what was chosen from a menu in front of each machine, for the
// programs that come after the one that showed it: the loader that the machine is given
// by it, and the firmware's next boot options. They ask what to boot all over again, and
// know of no choice. A choice is one from a menu that was shown before, and holds for
// packets that come the same way: whoever sends others in a machine's name chooses for
// nobody but himself. There is a bounded number of machines that were shown a menu, and
// of those that chose. The zero value is ready for use.
type Choices struct {
	mu     sync.Mutex
	shown  recent[chooser, choice]
	chose  recent[chooser, choice]
	latest recent[boot.MAC, chooser] // of a machine, by whatever way
}

// chooser is a machine as its packets come to us.
type chooser struct {
	mac, sender boot.MAC
	iface       string
}

func chooserOf(c boot.Client) chooser { return chooser{c.MAC, senderOf(c), c.Interface} }

// choice is what a client was shown at a time, and, with an item, chose.
type choice struct {
	client    boot.Client
	at        time.Time
	elsewhere bool // there are items of others in the menu
}

// Shown notes that a client is let choose, by elsewhere between items of others too.
// Until it comes for one of ours it may have chosen another's.
func (c *Choices) Shown(client boot.Client, elsewhere bool, now time.Time) {
	client.Item = 0
	who := chooserOf(client)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.chose.forget(who)
	c.shown.note(who, who.sender, choice{client, now, elsewhere})
	c.latest.note(who.mac, who.sender, who)
}

// Chose notes the item that a client asks for, if it was shown a menu.
func (c *Choices) Chose(client boot.Client, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	who := chooserOf(client)
	if made, ok := c.remembered(who); ok {
		made.client, made.at = client, now
		c.shown.forget(who)
		c.chose.note(who, who.sender, made)
	}
}

// Begins notes that a program asks for an address, and what to boot. A ROM that shows
// menus, and the program in which the choice was made, begin a new boot, for which
// nothing was chosen.
func (c *Choices) Begins(client boot.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	who := chooserOf(client)
	last, ok := c.remembered(who)
	if !ok || !ShowsMenus(client) {
		return
	}
	if chose := last.client; client.Loader == boot.ROM || client.Loader == chose.Loader && client.Features == chose.Features {
		c.shown.forget(who)
		c.chose.forget(who)
	}
}

// Of is the item that was chosen for the boot of a machine; 0 for none. Left: it was let
// choose between items of ours and of others, and came for none of ours.
func (c *Choices) Of(client boot.Client, now time.Time) (item uint16, left bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last, ok := c.find(client)
	if !ok || now.Sub(last.at) > choiceLasts {
		return 0, false
	}
	item = last.client.Item
	return item, item == 0 && last.elsewhere
}

// find is what is remembered for a client. DHCPv6 shows no frame: there it is what the
// machine itself was shown, else what came to it by way of others, such as a relay. It
// is called with mu locked.
func (c *Choices) find(client boot.Client) (choice, bool) {
	made, ok := c.remembered(chooserOf(client))
	if !ok && client.IPv6 {
		who, _ := c.latest.find(client.MAC)
		made, ok = c.remembered(who)
	}
	return made, ok
}

// remembered is called with mu locked.
func (c *Choices) remembered(who chooser) (choice, bool) {
	if made, ok := c.chose.find(who); ok {
		return made, true
	}
	return c.shown.find(who)
}
