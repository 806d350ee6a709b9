package loader

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/golden"
)

func client() boot.Client {
	return boot.Client{MAC: boot.MAC{0x52, 0x54, 0, 0xaa, 0xbb, 1}, Firmware: boot.UEFI, Arch: boot.X64}
}

func TestScripts(t *testing.T) {
	cmdline, err := boot.ParseCmdline(`console=ttyS0 cfg={{ ID "/srv/c.yaml" }} spur.up={{ UP }} ip=${net0/ip}`)
	if err != nil {
		t.Fatal(err)
	}
	linux := boot.Payload{
		Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}, Cmdline: cmdline},
		Message: "Lab 3 && ${evil}\nask Ada ; # or Bob\x1b[2J",
	}
	urls := URLs{
		Kernel: "http://10.0.0.1/K/vmlinuz", Initrds: []string{"http://10.0.0.1/I0/a", "http://10.0.0.1/I1/b"},
		File:   func(f boot.File) string { return "http://10.0.0.1/F/" + f.Base() },
		Beacon: "http://10.0.0.1/B/up",
	}
	golden.File(t, "testdata/linux.ipxe", IPXEScript(client(), linux, urls))
	urls.Shim = "http://10.0.0.1/S/shim.efi"
	golden.File(t, "testdata/shim.ipxe", IPXEScript(client(), linux, urls))
	golden.File(t, "testdata/trouble-retry.ipxe", TroubleScript(client(), errors.New("the boot API did not answer; try later"), true))
	golden.File(t, "testdata/trouble-leave.ipxe", TroubleScript(client(), errors.New("not for us"), false))
	golden.File(t, "testdata/ask.ipxe", AskScript("http://10.0.0.1/boot.ipxe"))
}

func TestOwnScriptIsLeftAlone(t *testing.T) {
	own := "#!ipxe\nshell && \x1b\n"
	var script boot.Script
	script.Text.Text(own)
	if got := IPXEScript(client(), boot.Payload{Content: script}, URLs{}); got != own {
		t.Errorf("got %q", got)
	}
}

// carried is what iPXE makes of the arguments of kernel in a script, by the
// rules of its core/exec.c: split at white space, end at certain words, expand
// the settings in each word, join the words by single blanks.
func carried(t *testing.T, script string) string {
	t.Helper()
	settings := map[string]string{}
	for line := range strings.Lines(script) {
		words := strings.Fields(line)
		if len(words) == 3 && words[0] == "set" && strings.HasSuffix(words[1], ":hex") {
			b, err := hex.DecodeString(words[2])
			if err != nil {
				t.Fatal(err)
			}
			settings["${"+strings.TrimSuffix(words[1], "hex")+"string}"] = string(b)
		}
		if len(words) == 0 || words[0] != "kernel" {
			continue
		}
		var args []string
		for _, word := range words[4:] { // kernel --name kernel URL
			if endsCommand(word) {
				break
			}
			for name, value := range settings {
				word = strings.ReplaceAll(word, name, value)
			}
			args = append(args, word)
		}
		return strings.Join(args, " ")
	}
	t.Fatal("no kernel in the script")
	return ""
}

// A command line reaches the kernel as it was given, blanks in quotes and words
// that mean something to iPXE included.
func TestCommandLinesAreCarried(t *testing.T) {
	for _, text := range []string{
		"", "quiet", "a b", `root="PARTLABEL=Arch  Linux"`, `a="  b"  c   d`, "a || b && c ; d # e #f", "#", "; ;", "a\tb \tc\v\f", "|||x a# b;",
	} {
		cmdline, err := boot.ParseCmdline(text)
		if err != nil {
			t.Fatal(err)
		}
		script := IPXEScript(client(), boot.Payload{Content: boot.Linux{Cmdline: cmdline}}, URLs{Kernel: "http://10.0.0.1/k"})
		if got := carried(t, script); got != text {
			t.Errorf("%q arrives as %q by\n%s", text, got, script)
		}
	}
}

func FuzzCommandLine(f *testing.F) {
	f.Add("a  b\t# ;; ||")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\r\n\x00") || strings.Contains(text, "${") || strings.Contains(text, "{{") {
			return // breaks become blanks, and settings are iPXE's to expand
		}
		cmdline, err := boot.ParseCmdline(text)
		if err != nil {
			t.Fatal(err)
		}
		// Of what Go calls white space, iPXE knows what C does.
		for _, r := range text {
			if r > 0x7f {
				return
			}
		}
		script := IPXEScript(client(), boot.Payload{Content: boot.Linux{Cmdline: cmdline}}, URLs{Kernel: "http://10.0.0.1/k"})
		if got := carried(t, script); got != strings.Trim(text, " ") {
			t.Errorf("%q arrives as %q by\n%s", text, got, script)
		}
	})
}
