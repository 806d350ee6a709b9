package loader

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// IPXEMenu writes the script by which iPXE draws a menu. Each menu below the first one is
// a part of it, to which a line leads. The time-out holds for the first menu alone, and a
// key ends it.
func IPXEMenu(c boot.Client, m Menu) string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	line("#!ipxe")
	line("set wait %d", ipxeWait(m))
	levels := map[*level]int{}
	top := m.levels()
	numbered(top, levels)
	ipxeLevel(line, m, top, nil, levels)
	for _, e := range m.Entries {
		line(":%s", e.ID)
		for _, text := range e.ipxe() {
			line("%s", text)
		}
	}
	line(":failed")
	line("echo")
	line("echo Spur: that did not load. The reason is in the lines above.")
	line("echo Spur: back to the menu in 10 seconds.")
	line("sleep 10")
	line("set wait 0")
	line("goto menu0")
	line(":leave")
	line("echo Spur boots nothing on %s: the menu was left.", c.MAC)
	line("sleep 2")
	line("exit 1")
	return b.String()
}

// ipxeWait is the time-out of iPXE's choose for the first menu, in milliseconds; 0 is none.
func ipxeWait(m Menu) int64 {
	if m.Timeout < 0 || m.Default == "" {
		return 0
	}
	return max(m.Timeout.Milliseconds(), 1)
}

func numbered(l *level, all map[*level]int) {
	all[l] = len(all)
	for _, below := range l.below {
		numbered(below, all)
	}
}

// ipxeLevel writes one menu, and those below it.
func ipxeLevel(line func(string, ...any), m Menu, l, above *level, number map[*level]int) {
	n := number[l]
	line(":menu%d", n)
	line("menu -- %s", echoed(l.title))
	keys := l.keys("")
	key := func(i int) string {
		if keys[i] == "" {
			return ""
		}
		return "--key " + keys[i] + " "
	}
	chosen := ""
	for i, below := range l.below {
		line("item %smenu%d %s >", key(i), number[below], echoed(keyed(keys[i], below.title)))
		if below.holds(m.Default) {
			chosen = fmt.Sprintf("menu%d", number[below])
		}
	}
	for i, e := range l.entries {
		i += len(l.below)
		line("item %s%s %s", key(i), e.ID, echoed(keyed(keys[i], e.Title)))
		if e.ID == m.Default {
			chosen = e.ID
		}
	}
	if above != nil {
		line("item menu%d < back", number[above])
	}
	if m.Hidden != "" && above == nil {
		line("item --gap")
		line("item --gap -- %s", echoed(m.Hidden))
	}
	if chosen != "" {
		chosen = "--default " + chosen + " "
	}
	leave := "leave"
	if above != nil {
		leave = fmt.Sprintf("menu%d", number[above])
	}
	line("choose %s--timeout ${wait} chosen || goto %s", chosen, leave)
	line("set wait 0")
	line("goto ${chosen}")
	for _, below := range l.below {
		ipxeLevel(line, m, below, l, number)
	}
}

// ipxe are the commands that boot an entry.
func (e MenuEntry) ipxe() []string {
	if e.Locked {
		return lockedEntry(e.URL)
	}
	if e.Path == "" {
		return []string{"chain --replace --autofree " + e.URL + " || goto failed"}
	}
	lines := programSettings(e.Path, e.Server)
	return append(lines, "imgfree", "kernel "+e.URL+" || goto failed", "boot || goto failed")
}

// lockedEntry asks for a password, and gives it to the server, which doesn't care for the
// user's name (Basic authentication, RFC 7617).
func lockedEntry(url string) []string {
	return []string{"set username menu", "clear password ||", "login || goto menu0", "chain --replace --autofree " + WithPassword(url) + " || goto failed"}
}

// WithPassword is a URL with the user's name and the password that iPXE has been given.
func WithPassword(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	return scheme + "://${username:uristring}:${password:uristring}@" + rest
}

// localScript has iPXE leave the machine to its disk. On a BIOS it starts the first disk
// itself, since not every BIOS goes on to its disk once a ROM returns. UEFI firmware goes
// on to its next boot option where one has failed, and to its set-up where it has not
// (UEFI 2.10 section 3.1.1; BootBootOptions in edk2's BdsEntry.c).
func localScript(c boot.Client) string {
	text := "#!ipxe\necho Spur leaves " + c.MAC.String() + " to its own disk\n"
	if c.Firmware == boot.BIOS {
		text += "sanboot --no-describe --drive 0x80 ||\n"
	}
	return text + "exit 1\n"
}
