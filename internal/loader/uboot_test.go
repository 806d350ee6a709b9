package loader

import (
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/golden"
)

func TestUBootTexts(t *testing.T) {
	cmdline, err := boot.ParseCmdline(`console=ttyAMA0 cfg={{ ID "/srv/c.yaml" }} spur.up={{ UP }} x=$y "a b" ;reboot`)
	if err != nil {
		t.Fatal(err)
	}
	payload := boot.Payload{
		Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz it's"}, Initrds: []boot.File{{Source: "/a"}, {Source: "/b"}}, Cmdline: cmdline},
		Message: "Lab 3 && ${evil} 'it's'\n\n--ask Ada\x1b[2J",
	}
	urls := URLs{
		File:   func(f boot.File) string { return "http://10.0.0.1/F/" + f.Base() },
		Beacon: "http://10.0.0.1/B/up",
	}
	c := client()
	c.Server = netip.MustParseAddr("10.0.0.1")
	program := boot.Payload{Content: boot.EFI{Program: boot.File{Source: "/srv/memtest.efi"}}}
	wordless := boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}}}
	for name, text := range map[string]string{
		"uboot-linux.scr":        UBootScript(c, payload, "S", urls),
		"uboot-linux.cfg":        UBootConfig(c, payload, "S/", false, urls),
		"uboot-scripted.cfg":     UBootConfig(c, payload, "", true, urls),
		"uboot-linux-alone.cfg":  UBootConfig(c, wordless, "", false, urls),
		"uboot-program.scr":      UBootScript(c, program, "S", urls),
		"uboot-program.cfg":      UBootConfig(c, program, "", false, urls),
		"uboot-trouble.scr":      TroubleUBootScript(c, errors.New("the boot API didn't answer\n; reset")),
		"uboot-trouble.cfg":      TroubleUBootConfig(c, errors.New("not for us\nlabel x")),
		"uboot-script-other.scr": UBootScript(c, boot.Payload{Content: boot.Script{}}, "S", urls),
	} {
		golden.File(t, "testdata/"+name, text)
	}
}

// What U-Boot can't be told is said on its screen, not changed.
func TestUnspeakableByUBoot(t *testing.T) {
	for _, text := range []string{`a=it's`, `a=\n`} {
		cmdline, err := boot.ParseCmdline(text)
		if err != nil {
			t.Fatal(err)
		}
		payload := boot.Payload{Content: boot.Linux{Cmdline: cmdline}}
		script, config := UBootScript(client(), payload, "S", URLs{}), UBootConfig(client(), payload, "", false, URLs{})
		if strings.Contains(script, "pxe boot") || strings.Contains(config, "label") || !strings.Contains(script, "which U-Boot changes") {
			t.Errorf("%q: %s%s", text, script, config)
		}
	}
}

// U-Boot's own tool reads the image, and finds the script in it, behind its size.
func TestUBootImage(t *testing.T) {
	const script = "echo hello\nreset\n"
	dir := t.TempDir()
	image, found := filepath.Join(dir, "boot.scr.uimg"), filepath.Join(dir, "script")
	if err := os.WriteFile(image, []byte(UBootImage("Spur boots a kernel with a very long name indeed", script)), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("dumpimage", "-l", image).CombinedOutput()
	for _, want := range []string{"Spur boots a kernel with a very", "Script (uncompressed)", "25 Bytes"} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("no %q: %v\n%s", want, err, out)
		}
	}
	if out, err := exec.Command("mkimage", "-l", image).CombinedOutput(); err != nil || strings.Contains(string(out), "corrupt") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := exec.Command("dumpimage", "-T", "script", "-p", "0", "-o", found, image).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got, err := os.ReadFile(found); err != nil || string(got) != "\x00\x00\x00\x11\x00\x00\x00\x00"+script {
		t.Errorf("%q, %v", got, err)
	}
}
