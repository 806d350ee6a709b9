package loader

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/golden"
)

func TestGRUBConfigs(t *testing.T) {
	cmdline, err := boot.ParseCmdline(`console=ttyS0 cfg={{ ID "/srv/c.yaml" }} spur.up={{ UP }} ds=nocloud;s=$x/{y} dyndbg="file a +p" 3<2>1&|#`)
	if err != nil {
		t.Fatal(err)
	}
	payload := boot.Payload{
		Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz it's"}, Cmdline: cmdline},
		Message: "Lab 3 && ${evil} 'it's'\n--ask Ada\x1b[2J",
	}
	urls := URLs{
		Kernel: "tftp://10.0.0.1/K/vmlinuz%20it's", Initrds: []string{"http://10.0.0.1:8080/I0/a%20b", "http://10.0.0.1/I1/b"},
		File:   func(f boot.File) string { return "http://10.0.0.1/F/" + f.Base() },
		Beacon: "http://10.0.0.1/B/up",
	}
	program := boot.Payload{Content: boot.EFI{Program: boot.File{Source: "/srv/memtest.efi"}}}
	wordless := payload
	wordless.Content = boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}}
	for name, config := range map[string]string{
		"linux.cfg":         GRUBConfig(client(), payload, urls),
		"linux-alone.cfg":   GRUBConfig(client(), wordless, URLs{Kernel: "http://[fd77::1]:80/K/vmlinuz", File: urls.File}),
		"linux-bios.cfg":    GRUBConfig(boot.Client{MAC: client().MAC, Firmware: boot.BIOS}, payload, urls),
		"program.cfg":       GRUBConfig(client(), program, URLs{Kernel: "http://10.0.0.1/K/memtest.efi"}),
		"trouble-retry.cfg": TroubleGRUBConfig(client(), errors.New("the boot API didn't answer; try later"), true),
		"trouble-leave.cfg": TroubleGRUBConfig(client(), errors.New("not for us"), false),
	} {
		golden.File(t, "testdata/"+name, config)
		check := exec.Command("grub-script-check")
		check.Stdin = strings.NewReader(config)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: GRUB's parser says: %v %s", name, err, out)
		}
	}
}

// What GRUB can't be told is said on the screen, not changed.
func TestUnspeakableCmdline(t *testing.T) {
	cmdline, err := boot.ParseCmdline(`a=it's`)
	if err != nil {
		t.Fatal(err)
	}
	got := GRUBConfig(client(), boot.Payload{Content: boot.Linux{Cmdline: cmdline}}, URLs{})
	if strings.Contains(got, "linux") || !strings.Contains(got, "backslash") {
		t.Error(got)
	}
}

// Any text comes out of GRUB's parser as the one argument that went in.
func FuzzGRUBQuote(f *testing.F) {
	for _, s := range []string{"", "plain", "it's", `"$x" {;} \ *?[a]`, "'", "\n", "a b", `\'`} {
		f.Add(s, "second")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		line := grubCommand("linux", first, second)
		if got := grubReads(line); !slices.Equal(got, []string{"linux", first, second}) {
			t.Errorf("%q is read as %q", line, got)
		}
	})
}

// grubReads splits a line into arguments by the rules of GRUB's lexer
// (grub-core/script/yylex.l) for what it does not expand: apostrophes quote
// all up to the next one, a backslash outside of them quotes one character.
// What would be expanded or end the command makes it stop.
func grubReads(line string) (words []string) {
	word, in := "", false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\'':
			end := strings.IndexByte(line[i+1:], '\'')
			if end < 0 {
				return nil
			}
			word, in = word+line[i+1:i+1+end], true
			i += end + 1
		case c == '\\' && i+1 < len(line):
			i++
			word, in = word+line[i:i+1], true
		case c == ' ':
			if in {
				words = append(words, word)
			}
			word, in = "", false
		case strings.IndexByte("{}|&$;<>\t\n\"*?#\\", c) >= 0:
			return nil
		default:
			word, in = word+string(c), true
		}
	}
	if in {
		words = append(words, word)
	}
	return words
}
