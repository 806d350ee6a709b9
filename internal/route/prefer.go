package route

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// Prefer compares two binaries that could stand for each other, for a sort: those that
// lack nothing go first, then those in folders that the operator names, then the newest,
// then one that is signed, then one that is called what it is.
func Prefer(x, y Binary) int {
	return cmp.Or(
		first(x.lacking() == "", y.lacking() == ""),
		first(x.Own, y.Own),
		-CompareVersions(x.Identity.Version, y.Identity.Version),
		first(x.Identity.Signed(), y.Identity.Signed()),
		first(x.Name() == x.File, y.Name() == y.File),
	)
}

// first puts what has something before what hasn't.
func first(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return -1
	}
	return 1
}

// All are the builds of this name for this machine, the preferred first: other
// versions, and others of the same version.
func (b Binaries) All(file string, c boot.Client) []Binary {
	var all []Binary
	for _, have := range b {
		if have.File == file && have.isFor(c) {
			all = append(all, have)
		}
	}
	return all
}

// isFor tells whether a machine starts a binary, or a loader on it does.
func (b Binary) isFor(c boot.Client) bool {
	return b.Firmware == c.Firmware && b.Arch == c.Arch || b.Identity.Hybrid && c.Firmware == boot.BIOS
}

// ID stands for a binary's content in names that must be short. It stays what it is
// while other binaries come and go.
func (b Binary) ID() uint32 { return binary.BigEndian.Uint32(b.Sum[:]) }

// ByID finds the one of All with this ID.
func (b Binaries) ByID(file string, c boot.Client, id uint32) (Binary, bool) {
	all := b.All(file, c)
	i := slices.IndexFunc(all, func(have Binary) bool { return have.ID() == id })
	if i < 0 {
		return Binary{}, false
	}
	return all[i], true
}

// CompareVersions compares versions as Debian does (Debian Policy 5.6.12), which
// orders other people's as well: numbers by their value, letters before all else, and
// a tilde before the end, so that 2.12~rc1 is older than 2.12. A version that isn't
// known is older than any.
func CompareVersions(x, y string) int {
	if (x == "") != (y == "") {
		return cmp.Compare(len(x), len(y))
	}
	for x != "" || y != "" {
		var textX, textY, numberX, numberY string
		textX, numberX, x = cutVersion(x)
		textY, numberY, y = cutVersion(y)
		order := cmp.Or(
			slices.Compare(weights(textX), weights(textY)),
			cmp.Compare(len(numberX), len(numberY)),
			strings.Compare(numberX, numberY),
		)
		if order != 0 {
			return order
		}
	}
	return 0
}

// cutVersion cuts what is no number from the front, and the number behind it without
// its zeros in front.
func cutVersion(v string) (text, number, rest string) {
	isDigit := func(r rune) bool { return r >= '0' && r <= '9' }
	rest = strings.TrimLeftFunc(v, func(r rune) bool { return !isDigit(r) })
	text = v[:len(v)-len(rest)]
	after := strings.TrimLeftFunc(rest, isDigit)
	return text, strings.TrimLeft(rest[:len(rest)-len(after)], "0"), after
}

// weights are how the characters of a version are ordered; the end of the text is
// among them.
func weights(text string) []int {
	var all []int
	for _, c := range []byte(text) {
		switch {
		case c == '~':
			all = append(all, -1)
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
			all = append(all, int(c))
		default:
			all = append(all, int(c)+256)
		}
	}
	return append(all, 0)
}
