package route

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// isPXELINUXConfig tells whether a name is one under which PXELINUX looks for its
// configuration: the machine's UUID, its MAC address behind the type of its network,
// its IP address in hexadecimal digits, ever less of them, and default (pxe_open_config
// in core/fs/pxe/pxe.c). All are answered, so that the first one is.
func isPXELINUXConfig(name string) bool {
	folder, file, _ := strings.Cut(name, "/")
	return folder == "pxelinux.cfg" && file != "" && !strings.Contains(file, "/")
}

// unwritable says what of a payload can't stand in a configuration of PXELINUX, or "".
// What stands there is taken to be as long as it can become.
func unwritable(_ boot.Client, p boot.Payload) string {
	var err error
	switch content := p.Content.(type) {
	case boot.Linux:
		_, err = boot.SyslinuxAppend(longestURL(content.Kernel), longestURLs(content.Initrds), content.Cmdline.Expand(longestURL, longestBeacon()))
	case boot.COM32:
		_, err = boot.MultibootAppend([]string{content.Module.Base()}, []string{content.Arguments.Expand(longestURL, longestBeacon())})
	case boot.Multiboot:
		if content.Wide {
			return fmt.Sprintf("%s is an ELF file of 64 bits, of which mboot.c32 loads none; give the header the addresses (flag 16)", p.Title())
		}
		_, err = boot.MultibootAppend(longestURLs(content.Loaded()), content.Texts(longestURL, longestBeacon()))
	}
	if err != nil {
		return fmt.Sprintf("%s can't be started by Syslinux: %s", p.Title(), err)
	}
	return ""
}

// longestURL is a URL of a file that is as long as one can become which has a short
// name.
func longestURL(f boot.File) string {
	return longestServer + strings.Repeat("x", fileToken) + "/" + url.PathEscape(f.Base())
}

func longestURLs(files []boot.File) []string {
	var all []string
	for _, f := range files {
		all = append(all, longestURL(f))
	}
	return all
}

// longestBeacon is as long as the URL of the beacon can become.
func longestBeacon() string { return longestServer + strings.Repeat("x", bootToken) + "/" + BeaconFile }

// How long a URL becomes: the server in it, the sealed name of a file that is given a
// short one, and that of a boot (package tree).
const (
	longestServer = "http://255.255.255.255:65535/"
	fileToken     = 54
	bootToken     = 71
)
