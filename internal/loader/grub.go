package loader

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// GRUBConfig writes the configuration by which GRUB boots a payload.
//
// There is no menu: GRUB runs the commands as it reads them. When something
// can't be loaded, GRUB has printed the reason, and the loop tries again. At the
// end the machine restarts: its next attempt may take another route.
func GRUBConfig(c boot.Client, p boot.Payload, urls URLs) string {
	switch content := p.Content.(type) {
	case boot.Linux:
		words, err := boot.KernelWords(content.Cmdline.Expand(urls.File, urls.Beacon))
		if err != nil {
			return TroubleGRUBConfig(c, err, false)
		}
		if c.Firmware == boot.BIOS {
			return grubLoop(c, p, grubLoads(urls, words, ""), grubLoads(urls, words, "16"))
		}
		return grubLoop(c, p, grubLoads(urls, words, ""))
	case boot.Disk:
		switch {
		case urls.Memdisk != "":
			return grubLoop(c, p, grubLoadsMemdisk(content, urls))
		case c.Firmware == boot.UEFI && content.GRUB.Path != "":
			return grubLoop(c, p, grubFollows(content.GRUB))
		}
	case boot.Multiboot:
		return multibootConfig(c, p, content, urls)
	case boot.Local:
		return localGRUB(c)
	case boot.EFI:
		return grubLoop(c, p, []string{grubCommand("chainloader", grubFile(urls.Kernel))})
	}
	return TroubleGRUBConfig(c, fmt.Errorf("GRUB cannot bring %s", p.Title()), false)
}

// grubLoads are the commands that load a kernel and its initrds, which GRUB
// joins in their order. Those that end in 16 start a kernel where its boot protocol
// begins in real mode, which some that run on a BIOS need: iPXE's ipxe.lkrn.
func grubLoads(urls URLs, words []string, kind string) []string {
	loads := []string{grubCommand("linux"+kind, append([]string{grubFile(urls.Kernel)}, words...)...)}
	if len(urls.Initrds) == 0 {
		return loads
	}
	var initrds []string
	for _, u := range urls.Initrds {
		initrds = append(initrds, grubFile(u))
	}
	return append(loads, grubCommand("initrd"+kind, initrds...))
}

// grubLoop runs commands, each if the one before did its work, and boots what
// they have loaded; where they haven't, those of the next way.
func grubLoop(c boot.Client, p boot.Payload, ways ...[]string) string {
	var b strings.Builder
	line := func(s string) { b.WriteString(s + "\n") }
	title := grubText(p.Title())
	line("echo")
	line(grubEcho("Spur boots " + title + " on " + c.MAC.String()))
	for text := range strings.SplitSeq(strings.TrimSpace(p.Message), "\n") {
		if text = grubText(text); text != "" {
			line(grubEcho(text))
		}
	}
	line("for try in" + strings.Repeat(" again", tries) + "; do")
	for _, loads := range ways {
		for _, load := range loads {
			line("if " + load + "; then")
		}
		line("boot")
		for range loads {
			line("fi")
		}
	}
	line("echo")
	line(grubEcho("Spur: " + title + " did not load. The reason is in the lines above."))
	line(grubEcho("Spur: trying again in 10 seconds."))
	line("sleep 10")
	line("done")
	line(grubEcho("Spur: giving up. This machine restarts in 30 seconds."))
	line("sleep 30")
	line("reboot")
	return b.String()
}

// TroubleGRUBConfig tells the person in front of the machine why it gets
// nothing. Where trying again may help the machine restarts; otherwise GRUB
// leaves, so that the firmware goes on to its next boot device.
func TroubleGRUBConfig(c boot.Client, why error, again bool) string {
	text := "echo\n" + grubEcho("Spur has nothing to boot for "+c.MAC.String()+":") + "\n" + grubEcho(grubText(why.Error())) + "\n"
	if !again {
		return text + "sleep 10\nexit\n"
	}
	return text + grubEcho("This machine restarts in 30 seconds.") + "\nsleep 30\nreboot\n"
}

// grubFile is what GRUB calls the file at a URL: (http,192.0.2.1:8080)/a/b. It
// sends a path as it stands, so that what is escaped in a URL stays escaped over
// HTTP, and over TFTP is not.
func grubFile(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return rawURL
	}
	path := u.EscapedPath()
	if u.Scheme == "tftp" {
		path = u.Path
	}
	// GRUB knows an IPv6 address without brackets, unless a port follows it.
	host := u.Hostname()
	if port := u.Port(); port != "" && port != usualPort(u.Scheme) {
		host = net.JoinHostPort(host, port)
	}
	return "(" + u.Scheme + "," + host + ")" + path
}

// usualPort is the port that a URL needn't name.
func usualPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return "69"
}

// grubCommand writes a command with its arguments.
func grubCommand(name string, args ...string) string {
	for _, arg := range args {
		name += " " + grubQuote(arg)
	}
	return name
}

// grubQuote writes any text as one argument. Between apostrophes GRUB's parser
// takes all as it is, an apostrophe excepted (Single quotes, in the manual's
// Shell-like scripting).
func grubQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// grubEcho shows a line. What begins with a dash would be an option.
func grubEcho(text string) string {
	if strings.HasPrefix(text, "-") {
		return grubCommand("echo", "", text)
	}
	return grubCommand("echo", text)
}

// grubText makes any text safe to be shown on one line.
func grubText(text string) string { return onlyPrintable(strings.Join(strings.Fields(text), " ")) }
