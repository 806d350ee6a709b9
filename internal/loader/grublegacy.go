package loader

import (
	"bytes"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// What a GRUB 0.9x has in its first bytes: its version, and behind that the name of its
// configuration (GRUB 0.97, stage2/asm.S).
const (
	legacyConfig  = `(?:\([a-z0-9,]{1,20}\))?/[ -~]{0,120}menu\.lst`
	legacyVersion = `\x00(0\.9\d)\x00` + legacyConfig + `\x00`
)

// isGRUBLegacy tells whether a program for a BIOS that begins so is GRUB 0.97: pxegrub
// jumps to 0:8200 at once (stage2/pxeloader.S), nbgrub has Etherboot's header before the
// same (nbloader.S).
func isGRUBLegacy(head []byte) bool {
	return (bytes.HasPrefix(head, []byte{0xea, 0, 0x82, 0, 0}) || isNBI(head)) && match(legacyVersion, head) != ""
}

// isNBI tells whether a file is a network boot image of Etherboot's.
func isNBI(head []byte) bool { return bytes.HasPrefix(head, []byte{0x36, 0x13, 0x03, 0x1b}) }

// tellGRUBLegacy says what such a GRUB is. nbgrub fetches nothing for a PXE ROM.
func tellGRUBLegacy(id *route.Identity, head []byte) {
	id.Version = match(legacyVersion, head)
	id.Prefix = path.Dir(match(`\x000\.9\d\x00(`+legacyConfig+`)\x00`, head))
	if !isNBI(head) {
		id.Features = boot.CanTFTP | boot.CanBzImage
	}
}

// GRUBLegacyConfig writes the configuration by which GRUB Legacy boots a payload. It
// takes all behind a file's name as the kernel's command line, as it is. Where an entry
// fails it goes on with the next: the same again, then a restart.
func GRUBLegacyConfig(c boot.Client, p boot.Payload, urls URLs) string {
	linux, ok := p.Content.(boot.Linux)
	if !ok || len(urls.Initrds) > 1 {
		return TroubleGRUBLegacyConfig(c, fmt.Errorf("GRUB Legacy cannot bring %s", p.Title()), false)
	}
	title := echoed(p.Title())
	var b strings.Builder
	line := func(words ...string) { b.WriteString(strings.TrimSpace(strings.Join(words, " ")) + "\n") }
	line("# Spur boots", title, "on", c.MAC.String())
	line("timeout 0")
	line("default 0")
	line("fallback 1 2")
	for _, entry := range []string{title, title + " again"} {
		line("title", entry)
		line("root (nd)")
		line("kernel", legacyFile(urls.Kernel), strings.Join(strings.FieldsFunc(linux.Cmdline.Expand(urls.File, urls.Beacon), isBreak), " "))
		for _, u := range urls.Initrds {
			line("initrd", legacyFile(u))
		}
	}
	line("title Restart")
	line("reboot")
	return b.String()
}

func isBreak(r rune) bool { return r == '\n' || r == '\r' }

// TroubleGRUBLegacyConfig tells the person in front of the machine why it gets nothing,
// by a menu that waits. GRUB Legacy can't leave.
func TroubleGRUBLegacyConfig(c boot.Client, why error, _ bool) string {
	return "timeout 30\ndefault 0\ntitle Spur has nothing to boot for " + c.MAC.String() + ": " + echoed(why.Error()) + "\nreboot\n"
}

// legacyFile is what GRUB Legacy calls the file at a URL of TFTP: the path.
func legacyFile(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return rawURL
	}
	return u.Path
}
