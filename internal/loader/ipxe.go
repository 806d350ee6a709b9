package loader

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/spurboot/spur/internal/boot"
)

// URLs tells where a machine finds the files of its payload.
type URLs struct {
	Kernel  string
	Initrds []string               // or the modules of a Multiboot kernel, or wimboot's or Xen's files
	Config  string                 // Xen's configuration
	Shim    string                 // vouches for the kernel where firmware doesn't; empty for none
	File    func(boot.File) string // an extra file of the command line
	Beacon  string                 // fetched by the booted system to say that it is up
	// Of a program that finds what is beside it by its own name: how that is called
	// over TFTP, and by which server.
	BootFile, Server string
	// Of a disk: MEMDISK, and the disk where it is read while the machine needs it; empty
	// where that can't be.
	Memdisk, Disk string
}

// tries is how often a machine attempts to load its payload before it starts
// over. The pauses between sum up to about a minute, which outlasts a restart
// of the server and a spanning tree that is still listening.
const tries = 6

// IPXEScript writes the script that makes iPXE boot a payload.
//
// Kernel and initrds get names of their own, kernel and initrd0, initrd1 and
// so on: under UEFI the kernel's EFI stub finds its initrds by the initrd=
// arguments, in iPXE's virtual file system, and merges them in that order.
// Under BIOS iPXE itself joins them, and the arguments are ignored.
//
// When something can't be loaded the script says so on the screen, waits and
// tries again; iPXE itself has printed the reason, with a link, just above.
// At the end it restarts the machine: leaving by `exit` would land some
// firmware in its setup, and the next attempt may take another route.
func IPXEScript(c boot.Client, p boot.Payload, urls URLs) string {
	switch content := p.Content.(type) {
	case boot.Script:
		return content.Text.Fill(urls.File, urls.Beacon)
	case boot.Linux:
		return linuxScript(c, p, content, urls)
	case boot.Multiboot:
		return multibootScript(c, p, content, urls)
	case boot.Tagged:
		return retried(c, p, nil, "", "kernel --name kernel "+urls.Kernel, urls)
	case boot.Xen:
		return xenScript(c, p, content, urls)
	case boot.EFI:
		return programScript(c, p, urls)
	case boot.WIM:
		return wimScript(c, p, content, urls)
	case boot.Disk:
		return diskScript(c, p, content, urls)
	case boot.Local:
		return localScript(c)
	case boot.Bringer:
		return broughtScript(c, p, urls)
	}
	return TroubleScript(c, fmt.Errorf("iPXE cannot bring %s", p.Title()), false)
}

func linuxScript(c boot.Client, p boot.Payload, l boot.Linux, urls URLs) string {
	args, settings := ipxeArguments(l.Cmdline.Expand(urls.File, urls.Beacon))
	kernel, before := tellingMemory(urls.Kernel)
	return retried(c, p, append(before, settingLines(settings)...), "", fmt.Sprintf("kernel --name kernel %s%s%s", kernel, initrdArguments(len(urls.Initrds)), args), urls)
}

// programScript loads an EFI application, which gets its name as its options
// (iPXE: efi_image_cmdline in image/efi_image.c). systemd's stub takes these for
// the kernel's command line instead of its own, unless they begin with a control
// character (systemd: src/boot/efi/stub.c).
func programScript(c boot.Client, p boot.Payload, urls URLs) string {
	return retried(c, p, settingLines([]byte{1}), "", "kernel --name ${x01:string} "+urls.Kernel, urls)
}

// broughtScript loads a program that asks for more by itself. It finds server and
// folder in the packets that iPXE shows it (create_fakedhcpack and
// create_fakepxebsack in net/fakedhcp.c), which are made of settings: the first of
// those of the card before all others, the second of a proxy's, if there is one.
func broughtScript(c boot.Client, p boot.Payload, urls URLs) string {
	return retried(c, p, programSettings(urls.BootFile, urls.Server), "", "kernel "+urls.Kernel, urls)
}

// programSettings are the settings by which a program finds what is beside it.
func programSettings(file, server string) []string {
	return []string{
		"set netX/next-server " + server,
		"set netX/filename " + file,
		"isset ${proxydhcp/next-server} && set proxydhcp/next-server " + server + " ||",
		"isset ${proxydhcp/next-server} && set proxydhcp/filename " + file + " ||",
	}
}

// settingLines make settings of characters that a command can't have.
func settingLines(chars []byte) []string {
	var lines []string
	for _, c := range chars {
		lines = append(lines, fmt.Sprintf("set x%02x:hex %02x", c, c))
	}
	return lines
}

// retried is a script that boots what a line and initrds load, and tries again
// where that fails. before are lines for the beginning; instead is a command that boots
// where they failed, empty for none.
func retried(c boot.Client, p boot.Payload, before []string, instead, load string, urls URLs) string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }

	line("#!ipxe")
	line("set tries:int8 0")
	for _, text := range before {
		line("%s", text)
	}
	line("echo")
	line("echo Spur boots %s on %s", echoed(p.Title()), c.MAC)
	for _, text := range strings.Split(strings.TrimSpace(p.Message), "\n") {
		if text != "" {
			line("echo %s", echoed(text))
		}
	}
	line(":load")
	line("imgfree")
	line("%s || goto failed", load)
	if urls.Shim != "" {
		line("shim %s ||", urls.Shim) // an iPXE that has no such command goes on without it
	}
	for i, url := range urls.Initrds {
		line("initrd --name initrd%d %s || goto failed", i, url)
	}
	line("boot || goto failed")
	line(":failed")
	if instead != "" {
		line("echo Spur: another way is tried.")
		line("%s ||", instead)
	}
	line("inc tries")
	line("echo")
	line("echo Spur: %s did not load. The reason is in the lines above.", echoed(p.Title()))
	line("iseq ${tries} %d && goto over ||", tries)
	line("echo Spur: trying again in 10 seconds, try ${tries} of %d.", tries-1)
	line("sleep 10")
	line("goto load")
	line(":over")
	line("echo Spur: giving up. This machine restarts in 30 seconds.")
	line("sleep 30")
	line("reboot")
	return b.String()
}

// initrdArguments names the initrds for the kernel's EFI stub.
func initrdArguments(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " initrd=initrd%d", i)
	}
	return b.String()
}

// ipxeArguments writes a kernel command line as arguments of an iPXE command,
// byte for byte but for blanks at its ends, and lists the characters that it
// needs settings for. iPXE splits a command at white space, ends it at certain
// words, and only then expands the settings in each word; it joins the words by
// single blanks (system, expand_tokens and concat_args in its core/exec.c). So
// what must not split or end is written as a setting. Settings such as
// ${net0/mac} in the command line are expanded too, and people use that.
func ipxeArguments(cmdline string) (arguments string, settings []byte) {
	var b strings.Builder
	as := func(c byte) string {
		if !slices.Contains(settings, c) {
			settings = append(settings, c)
		}
		return fmt.Sprintf("${x%02x:string}", c)
	}
	more := "" // blanks beyond the one that joins two words
	cmdline = strings.Trim(cmdline, " ")
	if cmdline == "" {
		return "", nil
	}
	for word := range strings.SplitSeq(cmdline, " ") {
		if word == "" {
			more += as(' ')
			continue
		}
		if more == "" && endsCommand(word) {
			more, word = as(word[0]), word[1:]
		}
		b.WriteString(" " + more)
		more = ""
		for _, c := range []byte(word) {
			if strings.IndexByte("\t\v\f", c) >= 0 {
				b.WriteString(as(c))
			} else {
				b.WriteByte(c)
			}
		}
	}
	return b.String(), settings
}

func endsCommand(word string) bool {
	return word == "||" || word == "&&" || word == ";" || strings.HasPrefix(word, "#")
}

// echoed makes any text safe to be shown by iPXE's echo.
func echoed(text string) string {
	text = strings.ReplaceAll(text, "${", "$ {")
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = onlyPrintable(word)
		if endsCommand(words[i]) {
			words[i] = "'" + words[i] + "'"
		}
	}
	return strings.Join(words, " ")
}

// onlyPrintable is a text with question marks for what a screen might not show.
func onlyPrintable(word string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, word)
}

// TroubleScript tells the person in front of the machine why it gets nothing.
// Where trying again may help it does, and asks for its script once more;
// otherwise it leaves, so that the firmware goes on to its next boot device.
func TroubleScript(c boot.Client, why error, again bool) string {
	text := "#!ipxe\necho\necho Spur has nothing to boot for " + c.MAC.String() + ":\n" +
		"echo " + echoed(why.Error()) + "\n"
	if !again {
		return text + "sleep 10\nexit 1\n"
	}
	return text +
		"echo Trying again in 10 seconds.\n" +
		"sleep 10\n" +
		"chain --replace --autofree ${cwuri}\n"
}

// AskScript writes the script for an iPXE that came to Spur without a sealed
// name, because somebody else's DHCP server sent it here: it asks again, at
// url, and says who it is.
func AskScript(url string) string {
	return "#!ipxe\n" +
		"chain --replace --autofree " + url + "?mac=${netX/mac}&uuid=${uuid}&arch=${buildarch}&platform=${platform}&serial=${serial:uristring} ||\n" +
		"echo Spur at " + url + " did not answer. Trying again in 10 seconds.\n" +
		"sleep 10\n" +
		"chain --replace --autofree ${cwuri}\n"
}
