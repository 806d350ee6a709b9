package pxe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// BootType is a type of boot servers, which is what an item of a menu stands for
// (PXE 2.1 table 2-1, PXE_BOOT_SERVERS).
type BootType uint16

const (
	// LocalBoot is no server: the ROM ends, and the firmware goes on with its
	// next device.
	LocalBoot BootType = 0
	// OwnType is the first type that is for anybody's use.
	OwnType BootType = 0x8000
)

// registered is a type that PXE 2.1 gives to somebody.
type registered struct {
	boot  BootType
	names []string // on a command line; the first is Spur's own
	title string
}

func registeredTypes() []registered {
	return []registered{
		{LocalBoot, []string{"local"}, "Local disk"},
		{1, []string{"ris", "wds", "winnt"}, "Microsoft RIS or WDS"},
		{2, []string{"lcm"}, "Intel LCM"},
		{3, []string{"dos", "undi"}, "DOS/UNDI"},
		{4, []string{"esmpro"}, "NEC ESMPRO"},
		{5, []string{"wsod"}, "IBM WSoD"},
		{6, []string{"lccm"}, "IBM LCCM"},
		{7, []string{"tng"}, "CA Unicenter TNG"},
		{8, []string{"openview"}, "HP OpenView"},
		{65535, []string{"api-test"}, "PXE API test"},
	}
}

// ParseBootType reads a type: a number, or a name of a registered one.
func ParseBootType(text string) (BootType, error) {
	if n, err := strconv.ParseUint(text, 0, 16); err == nil {
		return BootType(n), nil
	}
	var names []string
	for _, r := range registeredTypes() {
		if slices.Contains(r.names, strings.ToLower(text)) {
			return r.boot, nil
		}
		names = append(names, r.names...)
	}
	return 0, fmt.Errorf("%q is no type of boot servers; it is a number up to 65535, or one of %s", text, strings.Join(names, ", "))
}

// Title is what PXE 2.1 calls a registered type; of others, their number.
func (t BootType) Title() string {
	for _, r := range registeredTypes() {
		if r.boot == t {
			return r.title
		}
	}
	return fmt.Sprintf("Boot server %d", t)
}

// String is the number, with the name of a registered type.
func (t BootType) String() string {
	for _, r := range registeredTypes() {
		if r.boot == t {
			return fmt.Sprintf("%d (%s)", t, r.title)
		}
	}
	return strconv.Itoa(int(t))
}
