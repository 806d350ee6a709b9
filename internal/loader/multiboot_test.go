package loader

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/golden"
)

func template(t *testing.T, text string) boot.Template {
	t.Helper()
	line, err := boot.ParseCmdline(text)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// Each loader has a kernel and its modules loaded in their order, with what they are
// told.
func TestMultiboot(t *testing.T) {
	kernel := boot.Multiboot{
		Kernel: boot.File{Source: "/src/my kernel"}, First: true, Second: true, Cmdline: template(t, `debug=1 up={{ UP }}`),
		Modules: []boot.Module{
			{File: boot.File{Source: "/src/shell.mod"}, Text: template(t, `one || cfg={{ ID "/srv/c" }}`)}, {File: boot.File{Source: "/src/data"}},
		},
	}
	urls := URLs{
		Kernel: "http://10.0.0.1:8080/K/my%20kernel", Initrds: []string{"http://10.0.0.1:8080/M/shell.mod", "http://10.0.0.1:8080/D/data"},
		File: func(f boot.File) string { return "http://10.0.0.1/F/" + f.Base() }, Beacon: "http://10.0.0.1/B/up",
	}
	first := kernel
	first.Second = false
	efi64 := kernel
	efi64.EntryEFI64 = true
	unspeakable := kernel
	unspeakable.Cmdline = template(t, `it's --- a`)
	payload := func(m boot.Multiboot) boot.Payload { return boot.Payload{Content: m, Message: "Hello"} }
	bios := client()
	bios.Firmware, bios.Arch = boot.BIOS, boot.X86
	if GRUBConfig(bios, payload(efi64), urls) != GRUBConfig(bios, payload(first), urls) {
		t.Error("a BIOS's GRUB is to start by version 2 what has the entry of UEFI of 64 bits alone")
	}
	if GRUBConfig(client(), payload(efi64), urls) != GRUBConfig(client(), payload(kernel), urls) {
		t.Error("GRUB for UEFI of 64 bits isn't to start by version 2 what has an entry for it")
	}
	for name, config := range map[string]string{
		"multiboot.ipxe":                 IPXEScript(client(), payload(kernel), urls),
		"multiboot.cfg":                  GRUBConfig(client(), payload(kernel), urls),
		"multiboot1.cfg":                 GRUBConfig(client(), payload(first), urls),
		"multiboot.pxelinux":             PXELINUXConfig(client(), payload(kernel), urls),
		"multiboot-unspeakable.cfg":      GRUBConfig(client(), payload(unspeakable), urls),
		"multiboot-unspeakable.pxelinux": PXELINUXConfig(client(), payload(unspeakable), urls),
	} {
		golden.File(t, "testdata/"+name, config)
		if !strings.HasSuffix(name, ".cfg") {
			continue
		}
		check := exec.Command("grub-script-check")
		check.Stdin = strings.NewReader(config)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: GRUB's parser says: %v %s", name, err, out)
		}
	}
}
