package loader

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

var update = flag.Bool("update", false, "rewrite the golden scripts")

func client() boot.Client {
	return boot.Client{MAC: boot.MAC{0x52, 0x54, 0, 0xaa, 0xbb, 1}, Firmware: boot.UEFI, Arch: boot.X64}
}

func TestScripts(t *testing.T) {
	cmdline, err := boot.ParseCmdline(`console=ttyS0 cfg={{ ID "/srv/c.yaml" }} spur.up={{ UP }} ip=${net0/ip}`)
	if err != nil {
		t.Fatal(err)
	}
	linux := boot.Payload{
		Kind: boot.Linux, Kernel: boot.File{Source: "/boot/vmlinuz"}, Cmdline: cmdline,
		Message: "Lab 3 && ${evil}\nask Ada ; # or Bob\x1b[2J",
	}
	urls := URLs{
		Kernel: "http://10.0.0.1/K/vmlinuz", Initrds: []string{"http://10.0.0.1/I0/a", "http://10.0.0.1/I1/b"},
		File:   func(f boot.File) string { return "http://10.0.0.1/F/" + f.Base() },
		Beacon: "http://10.0.0.1/B/up",
	}
	script, err := IPXEScript(client(), linux, urls)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "linux.ipxe", script)
	golden(t, "trouble-retry.ipxe", TroubleScript(client(), errors.New("the boot API did not answer; try later"), true))
	golden(t, "trouble-leave.ipxe", TroubleScript(client(), errors.New("not for us"), false))
	golden(t, "ask.ipxe", AskScript("http://10.0.0.1/boot.ipxe"))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", name, got)
	}
}

func TestOwnScriptIsLeftAlone(t *testing.T) {
	own := "#!ipxe\nshell && \x1b\n"
	got, err := IPXEScript(client(), boot.Payload{Kind: boot.Script, Script: own}, URLs{})
	if err != nil || got != own {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestWordsThatEndACommand(t *testing.T) {
	for _, word := range []string{"||", "&&", ";", "#x"} {
		cmdline, err := boot.ParseCmdline("a " + word + " b")
		if err != nil {
			t.Fatal(err)
		}
		_, err = IPXEScript(client(), boot.Payload{Kind: boot.Linux, Cmdline: cmdline}, URLs{})
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: %v", word, err)
		}
	}
}
