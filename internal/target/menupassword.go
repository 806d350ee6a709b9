package target

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/tree"
)

// Passwords tell which of the items that clients have chosen has a password, and whether
// one is right; nil where no item of the target has any. See tree.Tree.
func (l Inspected) Passwords() (locked func(boot.Client) bool, unlock func(context.Context, boot.Client, tree.Asker) error) {
	c, ok := l.menu.(*catalogue)
	if !ok || c.passwords == nil {
		return nil, nil
	}
	return c.locked, c.unlock
}

// protects tells whether an item has a password.
func (c *catalogue) protects(e entry) bool {
	return c.passwords != nil && c.passwords.File.Protects(e.names()...)
}

// protected counts the items that have a password.
func (c *catalogue) protected() (n int) {
	for _, e := range c.entries {
		if c.protects(e) {
			n++
		}
	}
	return n
}

// locked tells whether what a client has chosen has a password.
func (c *catalogue) locked(client boot.Client) bool {
	e, ok := c.find(client.Item)
	return ok && c.protects(e)
}

// unlock tells whether a password is that of what a client has chosen.
func (c *catalogue) unlock(ctx context.Context, client boot.Client, a tree.Asker) error {
	e, _ := c.find(client.Item)
	if err := c.passwords.Pass(ctx, e.names(), a.Password, a.Peer); err != nil {
		return fmt.Errorf("menu item %s: %w", e.name(), err)
	}
	return nil
}

// passwordsLater tells whether a password may be that of an item that isn't there yet.
func (c *catalogue) passwordsLater() bool {
	if c.passwords == nil {
		return false
	}
	var all []string
	for _, e := range c.entries {
		all = append(all, e.names()...)
	}
	return slices.ContainsFunc(c.passwords.File.Idle(all), isTitle)
}

// isTitle tells whether it isn't a pattern.
func isTitle(pattern string) bool { return !strings.ContainsAny(pattern, "*?[") }

// checkPasswords refuses a password for what boots by itself, and one that is nobody's,
// for which a title was misspelt, most likely. A pattern that fits no item yet may be for
// files that are still to come, and is only warned of.
func (c *catalogue) checkPasswords(first entry) (warning string, err error) {
	if c.passwords == nil {
		return "", nil
	}
	if c.protects(first) {
		return "", advice.Misused(advice.New(fmt.Sprintf("%s has a password, and boots where nobody chooses", first.name()), "name another item with --menu-default, or add a line to the file before the others: "+first.name()+" -"))
	}
	var names, all []string
	for _, e := range c.entries {
		names, all = append(names, e.name()), append(all, e.names()...)
	}
	idle := c.passwords.File.Idle(all)
	if len(idle) == 0 {
		return "", nil
	}
	text := "--menu-password: no item is called " + strings.Join(idle, ", nor ")
	if !slices.ContainsFunc(idle, isTitle) {
		return fmt.Sprintf("%s; %d of %d items have a password", text, c.protected(), len(c.entries)), nil
	}
	return "", advice.Misused(advice.New(text, "the items are: "+strings.Join(names, ", ")))
}
