package loader

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// PXELINUXConfig writes the configuration by which PXELINUX, or syslinux.efi, boots a
// payload. What it names it loads at once; where that fails it has said why, waits at
// its prompt, and tries again (ldlinux_auto_boot in com32/elflink/ldlinux/ldlinux.c).
func PXELINUXConfig(c boot.Client, p boot.Payload, urls URLs) string {
	if p.Kind() == boot.KindLocal {
		return localPXELINUX(c)
	}
	switch content := p.Content.(type) {
	case boot.Linux:
		return linuxLabel(c, p, content, urls)
	case boot.Disk:
		return memdiskConfig(c, p, content, urls)
	case boot.Multiboot:
		return multibootLabel(c, p, content, urls)
	case boot.Tagged:
		return pxelinuxBoots(c, p, "LINUX "+pxelinuxFile(urls.Kernel)+"\n")
	case boot.COM32:
		line := "COM32 " + content.Module.Base() + "\n"
		if arguments := content.Arguments.Expand(urls.File, urls.Beacon); arguments != "" {
			line += "APPEND " + arguments + "\n"
		}
		return pxelinuxBoots(c, p, line)
	}
	return TroublePXELINUXConfig(c, fmt.Errorf("PXELINUX cannot bring %s", p.Title()), false)
}

// linuxLabel has PXELINUX start a kernel of Linux with its initrds.
func linuxLabel(c boot.Client, p boot.Payload, linux boot.Linux, urls URLs) string {
	kernel := pxelinuxFile(urls.Kernel)
	var initrds []string
	for _, u := range urls.Initrds {
		initrds = append(initrds, pxelinuxFile(u))
	}
	appended, err := boot.SyslinuxAppend(kernel, initrds, linux.Cmdline.Expand(urls.File, urls.Beacon))
	if err != nil {
		return TroublePXELINUXConfig(c, err, false)
	}
	loads := "LINUX " + kernel + "\n"
	if appended != "" {
		loads += "APPEND " + appended + "\n"
	}
	return pxelinuxBoots(c, p, loads)
}

// pxelinuxBoots is a configuration that boots what the lines of a label say.
func pxelinuxBoots(c boot.Client, p boot.Payload, loads string) string {
	text := say("Spur boots " + p.Title() + " on " + c.MAC.String())
	for line := range strings.SplitSeq(strings.TrimSpace(p.Message), "\n") {
		text += say(line)
	}
	return text + "TIMEOUT 100\nDEFAULT boot\nLABEL boot\n" + loads
}

// TroublePXELINUXConfig tells the person in front of the machine why it gets nothing.
// Where trying again may help, the configuration is asked for anew; otherwise PXELINUX
// leaves, so that the firmware goes on to its next boot device.
func TroublePXELINUXConfig(c boot.Client, why error, again bool) string {
	text := say("Spur has nothing to boot for "+c.MAC.String()+":") + say(why.Error())
	if again {
		return text + say("Trying again in 10 seconds.") + "PROMPT 1\nTIMEOUT 100\nDEFAULT again\nLABEL again\nCONFIG pxelinux.cfg/default\n"
	}
	return text + "PROMPT 1\nTIMEOUT 100\nDEFAULT leave\nLABEL leave\nLOCALBOOT -1\n"
}

// pxelinuxFile is what PXELINUX calls the file at a URL. It takes URLs of HTTP as they
// are; of what lies on the TFTP server that it came from it is told the whole path, since
// any other name is one beside the configuration (core/fs/pxe/urlparse.c).
func pxelinuxFile(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "tftp" {
		return rawURL
	}
	return "::" + strings.TrimPrefix(u.EscapedPath(), "/")
}

// saidMost bounds a line that is shown: Syslinux reads the end of a longer one, from
// 4,095 bytes on, as another line (MAX_LINE in com32/elflink/ldlinux/readconfig.c).
const saidMost = 1000

// say shows a line; nothing where it is blank, which Syslinux reads past its end.
func say(text string) string {
	text = onlyPrintable(strings.Join(strings.Fields(text), " "))
	if text == "" {
		return ""
	}
	return "SAY " + strings.ToValidUTF8(text[:min(len(text), saidMost)], "") + "\n"
}
