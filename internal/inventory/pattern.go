package inventory

import (
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// Pattern is what a machine's MAC, UUID or serial number has to be, in lower case. In a
// glob * stands for any characters, and ? for one.
type Pattern struct {
	Text string
	At   Place
	glob bool
}

func newPattern(text string, at Place) Pattern {
	return Pattern{text, at, strings.ContainsAny(text, "*?")}
}

// Fits tells whether a text in lower case is one that the pattern stands for.
func (p Pattern) Fits(text string) bool {
	if !p.glob {
		return p.Text == text
	}
	return matches(p.Text, text, sameByte)
}

func anyFits(all []Pattern, text string) bool {
	for _, p := range all {
		if p.Fits(text) {
			return true
		}
	}
	return false
}

// covers tells whether all that another pattern stands for is among what this one stands
// for. What is a wild card in the other one is a character that only a wild card fits.
func (p Pattern) covers(other Pattern) bool {
	return matches(p.Text, other.Text, func(p, c byte) bool { return p == c && c != '*' || p == '?' && c != '*' })
}

func sameByte(p, c byte) bool { return p == c || p == '?' }

// matches tells whether a text is what a glob stands for, a character by one that same
// allows. It takes time by the product of both lengths, and no more.
func matches(glob, text string, same func(p, c byte) bool) bool {
	g, t, star, after := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case g < len(glob) && glob[g] == '*':
			star, after = g, t
			g++
		case g < len(glob) && same(glob[g], text[t]):
			g, t = g+1, t+1
		case star >= 0:
			after++
			g, t = star+1, after
		default:
			return false
		}
	}
	return strings.Trim(glob[g:], "*") == ""
}

// What MACs and UUIDs look like, with h for a hexadecimal digit.
const (
	macForm  = "hh:hh:hh:hh:hh:hh"
	uuidForm = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh"
)

// canBe tells whether any text of a form is what a glob stands for.
func canBe(glob, form string) bool {
	return matches(glob, form, func(p, c byte) bool {
		return p == '?' || p == c && c != 'h' || c == 'h' && strings.IndexByte("0123456789abcdef", p) >= 0
	})
}

// The longest of each, in bytes.
const (
	globMost   = 100
	serialMost = boot.SerialMost
)

// macPattern reads what a MAC has to be; why says what is wrong with it.
func macPattern(text string) (canonical, why string) {
	if mac, err := boot.ParseMAC(text); err == nil {
		return mac.String(), ""
	}
	glob := strings.ReplaceAll(strings.ToLower(text), "-", ":")
	if !strings.ContainsAny(glob, "*?") || !canBe(glob, macForm) {
		return "", "is no Ethernet address, nor a glob of some"
	}
	return glob, ""
}

// uuidPattern reads what a UUID has to be.
func uuidPattern(text string) (canonical, why string) {
	canonical = strings.ToLower(text)
	if !canBe(canonical, uuidForm) {
		return "", "is no UUID, nor a glob of some"
	}
	return canonical, ""
}

// serialPattern reads what a serial number has to be.
func serialPattern(text string) (canonical, why string) {
	canonical = canonicalSerial(text)
	switch {
	case canonical == "":
		return "", "is empty"
	case len(canonical) > serialMost:
		return "", "is longer than machines tell it"
	case strings.ContainsFunc(canonical, func(r rune) bool { return r < ' ' || r > '~' }):
		return "", "has characters that no serial number has"
	}
	return canonical, ""
}

// canonicalSerial is a serial number without what firmware writes differently.
func canonicalSerial(text string) string { return strings.ToLower(strings.TrimSpace(text)) }
