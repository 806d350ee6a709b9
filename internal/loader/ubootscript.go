package loader

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// UBootScript writes the commands by which U-Boot boots a payload. folder is that of
// the boot at the TFTP server.
//
// A kernel is left to pxe boot, which knows where on this board kernel, initrd and
// device tree go, and which command starts a kernel. It puts its arguments through a
// buffer that is small on some boards (CONFIG_SYS_CBSIZE), so that these are set here.
// If the commands come to their end, U-Boot goes on to its next way.
func UBootScript(c boot.Client, p boot.Payload, folder string, urls URLs) string {
	lines := []string{"echo", uBootEcho("Spur boots " + p.Title() + " on " + c.MAC.String())}
	for text := range strings.SplitSeq(strings.TrimSpace(p.Message), "\n") {
		if strings.TrimSpace(text) != "" {
			lines = append(lines, uBootEcho(text))
		}
	}
	lines = append(lines, "setenv serverip "+c.Server.String(), "setenv bootfile "+folder+"/"+route.UBootScript)
	switch content := p.Content.(type) {
	case boot.Linux:
		cmdline := content.Cmdline.Expand(urls.File, urls.Beacon)
		if err := boot.UBootSays(cmdline); err != nil {
			return TroubleUBootScript(c, err)
		}
		lines = append(lines,
			"setenv bootargs "+uBootQuote(strings.TrimSpace(cmdline)),
			"tftpboot ${pxefile_addr_r} "+folder+"/"+route.UBootScripted+" && pxe boot ${pxefile_addr_r}")
	case boot.EFI:
		lines = append(lines,
			"setenv bootargs", // the program's options
			"tftpboot ${kernel_addr_r} "+folder+"/"+route.EFIProgram+" && bootefi ${kernel_addr_r} ${fdtcontroladdr}")
	default:
		return TroubleUBootScript(c, fmt.Errorf("U-Boot cannot bring %s", p.Title()))
	}
	lines = append(lines, uBootEcho("Spur: "+p.Title()+" did not start. The reason is in the lines above."))
	return strings.Join(lines, "\n") + "\n"
}

// TroubleUBootScript tells the person in front of the board why it gets nothing.
func TroubleUBootScript(c boot.Client, why error) string {
	return "echo\n" + uBootEcho("Spur has nothing to boot for "+c.MAC.String()+":") + "\n" + uBootEcho(why.Error()) + "\n"
}

// uBootEcho shows a line. What begins with a dash would be an option.
func uBootEcho(text string) string {
	text = onlyPrintable(strings.Join(strings.Fields(strings.ReplaceAll(text, "'", "`")), " "))
	return "echo " + uBootQuote(strings.TrimLeft(text, "-"))
}

// uBootQuote writes text without an apostrophe as one argument: between two, U-Boot's
// shell takes all as it is.
func uBootQuote(text string) string { return "'" + text + "'" }

// The header of an image of U-Boot (include/image.h). A script's content is a list of
// sizes, ended by a zero, and then the parts, of which there is one.
const (
	uBootMagic      = 0x27051956
	uBootHeaderSize = 64
	uBootNameSize   = 32
	uBootLinux      = 5 // the operating system; mkimage writes it for scripts as well
	uBootTypeScript = 6
)

// UBootImage is a script as the image that the command source runs, of no date, so
// that the same script is the same image.
func UBootImage(name, script string) string {
	content := binary.BigEndian.AppendUint32(nil, uint32(len(script)))
	content = append(binary.BigEndian.AppendUint32(content, 0), script...)
	h := make([]byte, uBootHeaderSize)
	binary.BigEndian.PutUint32(h, uBootMagic)
	binary.BigEndian.PutUint32(h[12:], uint32(len(content)))
	binary.BigEndian.PutUint32(h[24:], crc32.ChecksumIEEE(content))
	h[28], h[30] = uBootLinux, uBootTypeScript
	copy(h[uBootHeaderSize-uBootNameSize:uBootHeaderSize-1], name)
	binary.BigEndian.PutUint32(h[4:], crc32.ChecksumIEEE(h)) // with a zero in its own place
	return string(append(h, content...))
}
