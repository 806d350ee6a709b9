package target

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/tree"
)

// secret is "secret", hashed cheaply by argon2(1): -t 1 -k 64 -p 1.
const secret = "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$TnDEl2tJgYtaYZt0/5f59Jf56vkIG4EtQACv6SLO2cI"

// An item of a folder has the password that the file says by its name, also one that comes
// later; what boots by itself has none.
func TestMenuPassword(t *testing.T) {
	dir := t.TempDir()
	efiAt(t, filepath.Join(dir, "A.efi"))
	efiAt(t, filepath.Join(dir, "tools", "B.efi"))
	inspect := func(passwords, first string) (Inspected, error) {
		name := filepath.Join(t.TempDir(), "passwords")
		if err := os.WriteFile(name, []byte(passwords), 0o600); err != nil {
			t.Fatal(err)
		}
		target := Target{}
		words := MenuWords{Kind: MenuByLoader, Default: first, Passwords: name}
		if err := target.AddMenu([]string{dir}, words, nil, nil); err != nil {
			t.Fatal(err)
		}
		return target.Inspect(t.Context(), Upstream{Say: func(string) {}})
	}
	look := func(passwords, first string) (*catalogue, error) {
		l, err := inspect(passwords, first)
		c, _ := l.menu.(*catalogue)
		return c, err
	}
	c, err := look("tools/* "+secret+"\n", "1")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range c.payload.Content.(boot.Menu).Items {
		if i.Locked != (i.Title == "B") || c.locked(boot.Client{Item: i.Item}) != i.Locked {
			t.Errorf("%s: %v", i.Title, i.Locked)
		}
		if !i.Locked {
			continue
		}
		for password, right := range map[string]bool{"secret": true, "Secret": false, "": false} {
			a := tree.Asker{Password: password, HasPassword: true, Peer: netip.MustParseAddr("192.0.2.9")}
			if err := c.unlock(t.Context(), boot.Client{Item: i.Item}, a); (err == nil) != right {
				t.Errorf("%q: %v", password, err)
			}
		}
	}
	if l, err := inspect("tool/* "+secret+"\ntools/B "+secret, "Local disk"); err != nil || !slices.Contains(l.Warnings, "--menu-password: no item is called tool/*; 1 of 3 items have a password") {
		t.Errorf("%q, %v", l.Warnings, err)
	}
	for passwords, want := range map[string]string{
		"** " + secret:                       "Local disk has a password, and boots where nobody chooses",
		"Local disk -\n** " + secret:         "",
		"tool/* " + secret + "\nX " + secret: "no item is called tool/*, nor X",
		"A secret":                           "line 1: this is no hash by Argon2id",
	} {
		if _, err := look(passwords, "Local disk"); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", passwords, err)
		}
	}
}
