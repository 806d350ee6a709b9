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
	linux, ok := p.Content.(boot.Linux)
	if !ok {
		return ""
	}
	url := func(f boot.File) string {
		return longestServer + strings.Repeat("x", fileToken) + "/" + url.PathEscape(f.Base())
	}
	var initrds []string
	for _, f := range linux.Initrds {
		initrds = append(initrds, url(f))
	}
	beacon := longestServer + strings.Repeat("x", bootToken) + "/" + BeaconFile
	if _, err := boot.SyslinuxAppend(url(linux.Kernel), initrds, linux.Cmdline.Expand(url, beacon)); err != nil {
		return fmt.Sprintf("%s can't be started by Syslinux: %s", linux.Title(), err)
	}
	return ""
}

// How long a URL becomes: the server in it, the sealed name of a file that is given a
// short one, and that of a boot (package tree).
const (
	longestServer = "http://255.255.255.255:65535/"
	fileToken     = 54
	bootToken     = 71
)
