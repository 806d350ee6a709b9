package dissect

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/printable"
)

// Bounds of what is said of one packet.
const (
	maxFields = 512 // sub-options included
	maxDepth  = 10  // of options in options: eight relays, an address, its status
	maxValue  = 300 // bytes of a value's text
)

// Packet is what one packet says.
type Packet struct {
	// Title is what it is: "DISCOVER, transaction 7c6f1d0e".
	Title  string
	Fields []Field
	// Faults are what is wrong with its form.
	Faults []string
}

// Field is one field or option of a packet.
type Field struct {
	Code  string // the number of an option; empty for a field
	Name  string
	Value string // empty where Sub says it all
	Sub   []Field
}

// Find returns the value of the first field or option on the packet's top level
// with this name.
func (p Packet) Find(name string) (string, bool) {
	for _, f := range p.Fields {
		if f.Name == name {
			return f.Value, true
		}
	}
	return "", false
}

// Brief is the title, and what of the packet matters most to a boot, in one line.
func (p Packet) Brief() string {
	text := p.Title
	for _, name := range [...]string{
		"relayed message", "client architecture", "vendor class", "user class", "requested address", "yiaddr", "siaddr", "giaddr", "server identifier",
		"file", "boot file name", "boot file URL", "discovery control", "menu prompt", "boot item",
		"BSDP message", "images", "default image", "selected image", "message", "status",
	} {
		if value, ok := find(p.Fields, name); ok && !strings.HasPrefix(value, "success") {
			text += ", " + name + " " + value
		}
	}
	return text
}

// find looks for a field, also in options.
func find(fields []Field, name string) (string, bool) {
	for _, f := range fields {
		if f.Name == name {
			return f.Value, true
		}
		if value, ok := find(f.Sub, name); ok {
			return value, true
		}
	}
	return "", false
}

// Lines writes the fields and the faults, one a line, sub-options further in.
func (p Packet) Lines() []string {
	var lines []string
	write(&lines, p.Fields, "")
	for _, f := range p.Faults {
		lines = append(lines, "!   "+f)
	}
	return lines
}

func write(lines *[]string, fields []Field, indent string) {
	width := 0
	for _, f := range fields {
		width = max(width, len(f.Name))
	}
	for _, f := range fields {
		line := fmt.Sprintf("%s%3s %-*s  %s", indent, f.Code, width, f.Name, f.Value)
		*lines = append(*lines, strings.TrimRight(line, " "))
		write(lines, f.Sub, indent+"    ")
	}
}

// budget counts the fields that may still be said.
type budget struct{ left int }

// take tells whether there is room for one more.
func (b *budget) take() bool {
	b.left--
	return b.left >= 0
}

// line makes bytes of a stranger one line of bounded length.
func line(s string) string {
	s = printable.Line(s)
	if len(s) <= maxValue {
		return s
	}
	return strings.ToValidUTF8(s[:maxValue], "") + "…"
}
