package timeline

import (
	"fmt"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/size"
)

// Clean makes text from the network fit for a terminal: whatever is not
// printable (control characters, but also those that turn the direction of
// writing) is shown as an escape.
func Clean(s string) string { return printable.Line(s) }

// Size writes a number of bytes the way people do: 231 KiB, 8.1 MiB.
func Size(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d bytes", n)
	}
	value, prefix := float64(n)/unit, 0
	for value >= 999.5 && prefix < 4 {
		value, prefix = value/unit, prefix+1
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f %ciB", value, "KMGTP"[prefix])
	}
	return fmt.Sprintf("%.0f %ciB", value, "KMGTP"[prefix])
}

// ordinal is 3rd, 4th and so on.
func ordinal(n int) string {
	if tens := n / 10 % 10; tens != 1 {
		switch n % 10 {
		case 1:
			return fmt.Sprintf("%dst", n)
		case 2:
			return fmt.Sprintf("%dnd", n)
		case 3:
			return fmt.Sprintf("%drd", n)
		}
	}
	return fmt.Sprintf("%dth", n)
}

// protoName is a protocol's name as people write it.
func protoName(s string) string { return Clean(strings.ToUpper(s)) }

// loaderName is a loader's name as its authors write it.
func loaderName(l boot.Loader) string {
	switch l {
	case boot.IPXE:
		return "iPXE"
	case boot.GPXE:
		return "gPXE"
	case boot.ROM, "":
		return "the firmware"
	case boot.RPi:
		return "a Raspberry Pi's bootloader"
	case boot.Apple:
		return "Apple's NetBoot"
	case "grub":
		return "GRUB"
	case "pxelinux":
		return "PXELINUX"
	case boot.UBoot:
		return "U-Boot"
	}
	return Clean(string(l))
}

func askedText(c boot.Client, first bool) string {
	how := protoName(string(c.Proto))
	if c.Loader != boot.ROM && c.Loader != "" {
		how = loaderName(c.Loader)
	}
	if c.IPv6 && how != "" {
		how += " over IPv6"
	}
	what := Clean(c.Platform())
	switch {
	case c.Loader == boot.RPi && c.Serial != "":
		what += ", serial number " + Clean(c.Serial)
	case c.Loader == boot.RPi:
	case c.Firmware == boot.Board: // the platform says it
	case c.Firmware == "" && c.Arch == "" && how != "" && c.Loader != boot.ROM:
		what = how
	case how != "":
		what += ", " + how
	}
	switch {
	case first:
		return "asks to boot: " + what
	case c.Loader == boot.ROM || c.Loader == "":
		return "asks again: " + what
	}
	text := loaderName(c.Loader) + " asks what to boot"
	switch {
	case c.Loader == boot.RPi && c.Serial != "":
		text += ": serial number " + Clean(c.Serial)
	case c.Loader == boot.UBoot && c.Firmware == boot.UEFI:
		text = loaderName(c.Loader) + " asks for an EFI application"
	}
	if c.IPv6 {
		text += " over IPv6"
	}
	return text
}

// fileOver is "snponly.efi over TFTP".
func fileOver(name, proto string) string {
	text := orElse(Clean(name), "its boot file")
	if proto != "" {
		text += " over " + protoName(proto)
	}
	return text
}

// byRoute is " (route uefi-x64-snponly)", with the shape of an offer that isn't
// the usual one.
func byRoute(e Event) string {
	if e.Route == "" {
		return ""
	}
	return " (route " + Clean(e.Route) + ofShape(e) + ")"
}

func offeredText(e Event) string {
	text := "offered "
	if e.Peer.IsValid() {
		text += e.Peer.String() + " and "
	}
	text += fileOver(e.Name, e.Proto)
	if e.Menu != nil {
		text += " and a menu"
	}
	return text + byRoute(e) + byServer(e)
}

func listedText(e Event) string { return "shown " + orElse(Clean(e.Name), "an image without a name") }

func otherText(e Event) string {
	text := "another server, " + e.Server.String() + ","
	if !e.Server.IsValid() {
		text = "another server"
	}
	if e.Name == "" {
		return text + " says that it knows what to boot"
	}
	return text + " offers " + Clean(e.Name) + " as well"
}

func addressText(e Event) string {
	text := "address"
	if e.Peer.IsValid() {
		text += " " + e.Peer.String()
	}
	if e.Kind == Leased && !e.Server.IsValid() {
		return text + " from us"
	}
	if e.Server.IsValid() {
		text += " from " + e.Server.String()
	}
	return text
}

func bootText(e Event) string {
	if e.Kind == Answered {
		return "told to fetch " + fileOver(e.Name, e.Proto) + byRoute(e) + byServer(e)
	}
	text, server := "asks ", "us"
	if e.Reason != "" {
		text = "chose " + Clean(e.Reason) + ", and asks "
	}
	if e.Onlooker {
		server = serverOr(e.Server, "a boot server")
	}
	return text + server + " for its boot file"
}

// fileText is "loader snponly.efi".
func fileText(t Transfer) string {
	role := t.Role
	if role == "" {
		role = RoleFile
	}
	return Clean(string(role)) + " " + orElse(Clean(t.Name), "without a name")
}

func fetchedText(t Transfer) string {
	text := fileText(t) + ": " + Size(t.Bytes)
	switch {
	case t.waits:
		return text + "; it shows a menu and waits for a person"
	case t.leaves:
		return text + "; it leaves the machine to its own disk"
	}
	if took := t.Took(); t.Bytes >= 64<<10 || took >= time.Second {
		text += " in " + size.Length(took)
		if t.Bytes >= 1<<20 && took >= 100*time.Millisecond {
			text += ", " + Size(int64(float64(t.Bytes)/took.Seconds())) + "/s"
		}
	}
	if t.partly {
		text += ", captured only in part"
	}
	return text
}

func awaitedText(t Transfer) string {
	return "waits for " + fileText(t) + ": its server doesn't say how large it is, so all of it comes here first"
}

func piecesText(t Transfer) string {
	text := fileText(t) + ": read in pieces"
	if t.Total > 0 {
		text += " (" + Size(t.Total) + " in all)"
	}
	return text
}

func failedText(t Transfer) string {
	if t.refusal == NoSuchFile {
		return "asks for " + fileText(t) + ", which isn't there: " + Clean(t.Err)
	}
	if t.Bytes == 0 {
		return fileText(t) + " was not sent: " + Clean(t.Err)
	}
	return fileText(t) + " broke off after " + portion(t) + ": " + Clean(t.Err)
}

// portion is "12 KiB of 231 KiB".
func portion(t Transfer) string {
	if t.Total <= 0 {
		return Size(t.Bytes)
	}
	return Size(t.Bytes) + " of " + Size(t.Total)
}

func aliveText(e Event, a Attempt) string {
	if e.Kind == Up {
		if after := e.Time.Sub(a.Began); after > 0 {
			return "up after " + size.Length(after)
		}
		return "up"
	}
	text := "its system asks for an address"
	if e.Reason != "" {
		text += " (" + Clean(e.Reason) + ")"
	}
	return text + ": it runs"
}

// times says how often something happened.
func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
