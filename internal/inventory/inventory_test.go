package inventory

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

func machine(mac, uuid, serial string) boot.Client {
	c := boot.Client{Firmware: boot.BIOS, Arch: boot.X86, Serial: serial}
	c.MAC, _ = boot.ParseMAC(mac)
	raw, _ := hex.DecodeString(strings.ReplaceAll(uuid, "-", ""))
	copy(c.UUID[:], raw)
	return c
}

func parse(t testing.TB, text string) *Inventory {
	t.Helper()
	i, err := Parse("machines.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

const rows = `machines:
  - mac: 52:54:00:00:00:01
    boot: exact
  - serial: Known
    mac: 52:54:00:00:00:*
    boot: both
  - mac: 52:54:00:00:*
    boot: glob
  - uuid: 4c4c4544-0051-3510-8052-b4c04f4b3132
    boot: uuid
  - serial: ["CZ1*", plain]
    boot: serial
  - uuid: "4c4c4544-*"
    firmware: uefi
    boot: dell
  - firmware: uefi
    arch: arm64
    boot: arm
`

func TestFind(t *testing.T) {
	i := parse(t, rows)
	const uuid = "4c4c4544-0051-3510-8052-b4c04f4b3132"
	uefi := machine("02:00:00:00:00:01", "4c4c4544-0000-0000-0000-000000000001", "x")
	uefi.Firmware, uefi.Arch = boot.UEFI, boot.X64
	arm := machine("02:00:00:00:00:01", "", "x")
	arm.Firmware, arm.Arch = boot.UEFI, boot.ARM64
	for _, tt := range []struct {
		name   string
		client boot.Client
		want   string
		asks   bool
	}{
		{"an exact MAC, asked nothing", machine("52:54:00:00:00:01", "", ""), "exact", false},
		{"a glob behind a serial number that isn't known", machine("52:54:00:00:00:02", "", ""), "glob", true},
		{"the serial number is another one", machine("52:54:00:00:00:02", "", "other"), "glob", false},
		{"MAC and serial number, whatever its letters", machine("52:54:00:00:00:02", "", " KNOWN "), "both", false},
		{"a glob that no row with a serial number is before", machine("52:54:00:00:01:02", "", ""), "glob", false},
		{"a UUID", machine("02:00:00:00:00:01", uuid, ""), "uuid", false},
		{"a UUID in the other order of bytes", machine("02:00:00:00:00:01", "44454c4c-5100-1035-8052-b4c04f4b3132", ""), "uuid", false},
		{"nothing fits, but a serial number could", machine("02:00:00:00:00:01", "", ""), "", true},
		{"a serial number", machine("02:00:00:00:00:01", "", "plain"), "serial", false},
		{"a glob of serial numbers", machine("02:00:00:00:00:01", "", "cz1234"), "serial", false},
		{"a BIOS doesn't have the firmware", machine("02:00:00:00:00:01", "4c4c4544-0000-0000-0000-000000000001", "x"), "", false},
		{"UUID and firmware", uefi, "dell", false},
		{"firmware and architecture", arm, "arm", false},
	} {
		got, boots := i.Find(tt.client), ""
		if got.Row != nil {
			boots = got.Row.Target.Boot
		}
		if boots != tt.want || got.Asks != tt.asks {
			t.Errorf("%s: %q, asks %v; want %q, %v", tt.name, boots, got.Asks, tt.want, tt.asks)
		}
	}
}

func TestGlobs(t *testing.T) {
	for _, tt := range []struct {
		glob, text string
		want       bool
	}{
		{"*", "", true}, {"a*", "abc", true}, {"a*c", "abc", true}, {"a*c", "abd", false}, {"?b?", "abc", true}, {"?", "", false},
		{"*a*a*", "banana", true}, {"*a*a*b", "banana", false}, {"abc", "abc", true}, {"abc*", "ab", false}, {"**", "x", true},
	} {
		if got := newPattern(tt.glob, Place{}).Fits(tt.text); got != tt.want {
			t.Errorf("%s and %s: %v", tt.glob, tt.text, got)
		}
	}
	for _, tt := range []struct {
		glob, other string
		want        bool
	}{
		{"*", "a*b", true}, {"a*", "ab*", true}, {"ab*", "a*", false}, {"a?", "a*", false}, {"a?", "ab", true}, {"a?", "a?", true}, {"a*c", "abc", true}, {"*:01", "52:*:01", true}, {"52:*", "*", false},
	} {
		if got := newPattern(tt.glob, Place{}).covers(newPattern(tt.other, Place{})); got != tt.want {
			t.Errorf("%s covers %s: %v", tt.glob, tt.other, got)
		}
	}
}

// The index finds what trying row by row does.
func FuzzFind(f *testing.F) {
	f.Add("52:54:00:00:00:01", "known", true)
	f.Add("02:00:00:00:00:01", "", false)
	i := parse(f, rows)
	f.Fuzz(func(t *testing.T, mac, serial string, uefi bool) {
		c := machine(mac, "4c4c4544-0051-3510-8052-b4c04f4b3132", serial)
		if uefi {
			c.Firmware, c.Arch = boot.UEFI, boot.ARM64
		}
		var want *Row
		for n := range i.Rows {
			if i.Rows[n].fits(c, true) {
				want = &i.Rows[n]
				break
			}
		}
		if got := i.Find(c); got.Row != want {
			t.Errorf("%+v: %+v, want %+v", c, got.Row, want)
		}
	})
}

func manyRows(n int) string {
	var b strings.Builder
	b.WriteString("machines:\n")
	for i := range n {
		switch i % 3 {
		case 0:
			fmt.Fprintf(&b, "  - mac: 52:54:00:%02x:%02x:%02x\n    boot: k\n", i>>16, i>>8&255, i&255)
		case 1:
			fmt.Fprintf(&b, "  - uuid: 4c4c4544-0051-3510-8052-%012x\n    boot: k\n", i)
		default:
			fmt.Fprintf(&b, "  - serial: S%d\n    boot: k\n", i)
		}
	}
	b.WriteString("  - mac: \"*\"\n    boot: local\n")
	return b.String()
}

func BenchmarkParse5000(b *testing.B) {
	text := []byte(manyRows(5000))
	for b.Loop() {
		if _, err := Parse("f", text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFind5000(b *testing.B) {
	i := parse(b, manyRows(5000))
	for name, c := range map[string]boot.Client{
		"first": machine("52:54:00:00:00:00", "", ""), "last": machine("02:00:00:00:00:01", "", "none"), "serial": machine("02:00:00:00:00:01", "", "S4997"),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				i.Find(c)
			}
		})
	}
}
