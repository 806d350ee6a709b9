package route

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

var update = flag.Bool("update", false, "rewrite the table in README.md")

// The README's table of what boots is this package's table, so that it can't
// promise what no route does.
func TestReadmeTable(t *testing.T) {
	const path, begin, end = "../../README.md", "<!-- routes: made by go test ./internal/route -update -->\n", "<!-- end of routes -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), begin)
	have, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no place for the table", path)
	}
	if have == markdown() {
		return
	}
	if !*update {
		t.Fatalf("the table in %s is not the route table's: go test ./internal/route -update", path)
	}
	if err := os.WriteFile(path, []byte(before+begin+markdown()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func markdown() string {
	var b strings.Builder
	b.WriteString("\n| machine | who asks | is given | over | route |\n|---|---|---|---|---|\n")
	for _, e := range Entries() {
		r := e.route()
		machine := ""
		if e.Firmware != "" {
			machine = boot.Client{Firmware: e.Firmware, Arch: e.Arch}.Platform()
		}
		if e.Net == IPv6 {
			machine += " over IPv6"
		}
		asks := "its ROM"
		if e.Speaker == boot.GPXE {
			asks = "gPXE"
			if e.Needs.Has(boot.CanHTTP) {
				asks += " with HTTP"
			}
		}
		switch {
		case e.Speaker == boot.RPi:
			asks = "its bootloader"
		case e.Firmware == boot.Board:
			machine, asks = "a board", "U-Boot, as itself"
		case e.Speaker == boot.UBoot:
			machine, asks = "a board", "U-Boot, for an EFI application"
		}
		if e.Proto == boot.BSDP {
			machine, asks = strings.TrimSpace("Mac "+string(e.Arch)), "BSDP"
		}
		if e.Speaker == boot.IPXE {
			asks = "iPXE"
			if e.Needs.Has(boot.CanHTTPS) {
				asks += " with HTTPS"
			}
			for _, f := range []struct {
				feature boot.Features
				name    string
			}{{boot.CanHTTP, "HTTP"}, {boot.CanBzImage, "bzImage"}, {boot.CanEFI, "EFI"}} {
				if e.Lacks&f.feature != 0 {
					asks += cmp.Or(map[bool]string{true: " without "}[asks == "iPXE"], " or ") + f.name
				}
			}
		}
		over := strings.ToUpper(string(r.Via))
		if r.Loads != "" {
			over += ", then " + strings.ToUpper(string(r.Loads))
		}
		if r.Shape != "" {
			over += ", named in the first offer"
		}
		given := "`" + r.Give + "`"
		if r.Loader == boot.ROM && e.Firmware == boot.BIOS {
			given = "the payload's own program"
		}
		switch e.Payload {
		case boot.KindDisk:
			given += " and a disk"
		case boot.KindXen:
			given += " and a disk with Xen"
		}
		if r.Shim {
			given += " and " + map[boot.Loader]string{boot.IPXE: "iPXE", boot.GRUB: "GRUB"}[r.Loader]
		}
		switch {
		case e.Medium == MediumChain:
			given += ", the image's own"
		case e.Medium == MediumWhole && r.Loader == boot.ROM:
			given = "the whole image"
		case e.Medium == MediumWhole:
			given += " and the whole image"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | `%s` |\n", cmp.Or(machine, "any"), asks, given, over, r.Name)
	}
	b.WriteString("\n")
	return b.String()
}

// No two rows of the table read the same but for their names.
func TestReadmeRowsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for row := range strings.Lines(markdown()) {
		if !strings.HasSuffix(row, "` |\n") {
			continue
		}
		text := row[:strings.LastIndex(row, "| `")]
		if seen[text] {
			t.Errorf("two rows read %s", text)
		}
		seen[text] = true
	}
}
