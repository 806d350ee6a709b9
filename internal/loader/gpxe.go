package loader

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// GPXEScript writes the script that makes gPXE boot a payload.
//
// gPXE 1.0 knows no conditions and no labels: a script ends at the first command that
// fails, whose reason it prints, and the machine goes on to its next boot device. It
// joins several initrds in their order, as iPXE does.
func GPXEScript(c boot.Client, p boot.Payload, urls URLs) string {
	linux, ok := p.Content.(boot.Linux)
	if !ok {
		return TroubleGPXEScript(c, fmt.Errorf("gPXE cannot bring %s", p.Title()), false)
	}
	var b strings.Builder
	line := func(words ...string) {
		b.WriteString(strings.Join(strings.Fields(strings.Join(words, " ")), " ") + "\n")
	}
	line("#!gpxe")
	line("echo Spur boots", echoed(p.Title()), "on", c.MAC.String())
	for text := range strings.SplitSeq(strings.TrimSpace(p.Message), "\n") {
		if text != "" {
			line("echo", echoed(text))
		}
	}
	line("imgfree")
	line("kernel -n kernel", urls.Kernel, linux.Cmdline.Expand(urls.File, urls.Beacon))
	for i, url := range urls.Initrds {
		line(fmt.Sprintf("initrd -n initrd%d", i), url)
	}
	line("boot")
	return b.String()
}

// TroubleGPXEScript tells the person in front of the machine why it gets nothing, and
// leaves, so that the machine goes on to its next boot device: gPXE 1.0 can't wait.
func TroubleGPXEScript(c boot.Client, why error, _ bool) string {
	return "#!gpxe\necho Spur has nothing to boot for " + c.MAC.String() + ":\necho " + echoed(why.Error()) + "\n"
}
