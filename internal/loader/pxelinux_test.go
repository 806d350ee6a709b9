package loader

import (
	"errors"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/golden"
)

func TestPXELINUXConfigs(t *testing.T) {
	cmdline, err := boot.ParseCmdline(`console=ttyS0 cfg={{ ID "/srv/c.yaml" }} spur.up={{ UP }} dyndbg="file a +p" x='y' # ; \`)
	if err != nil {
		t.Fatal(err)
	}
	payload := boot.Payload{
		Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz a"}, Cmdline: cmdline},
		Message: "Lab 3\n\n  APPEND evil\x1b[2J\n" + strings.Repeat("long ", 1000),
	}
	urls := URLs{
		Kernel: "http://10.0.0.1:8080/K/vmlinuz%20a", Initrds: []string{"http://10.0.0.1:8080/I0/a%2Cb", "http://10.0.0.1:8080/I1/b"},
		File:   func(f boot.File) string { return "http://10.0.0.1/F/" + f.Base() },
		Beacon: "http://10.0.0.1/B/up",
	}
	overTFTP := urls
	overTFTP.Kernel, overTFTP.Initrds = "tftp://10.0.0.1/K/vmlinuz%20a", []string{"tftp://10.0.0.1/I0/a%2Cb"}
	alone := boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}}}
	unspeakable := boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}, Cmdline: func() (l boot.Template) { l.Text("initrd=x"); return l }()}}
	for name, config := range map[string]string{
		"linux-http.pxelinux":    PXELINUXConfig(client(), payload, urls),
		"linux-tftp.pxelinux":    PXELINUXConfig(client(), payload, overTFTP),
		"linux-alone.pxelinux":   PXELINUXConfig(client(), alone, URLs{Kernel: "http://10.0.0.1/K/vmlinuz", File: urls.File}),
		"unspeakable.pxelinux":   PXELINUXConfig(client(), unspeakable, URLs{Kernel: "http://10.0.0.1/K/vmlinuz", File: urls.File}),
		"program.pxelinux":       PXELINUXConfig(client(), boot.Payload{Content: boot.EFI{Program: boot.File{Source: "/srv/shell.efi"}}}, URLs{}),
		"trouble-retry.pxelinux": TroublePXELINUXConfig(client(), errors.New("the boot API didn't answer; try later"), true),
		"trouble-leave.pxelinux": TroublePXELINUXConfig(client(), errors.New("not for us"), false),
	} {
		golden.File(t, "testdata/"+name, config)
		for line := range strings.Lines(config) {
			if len(line) > 4094 {
				t.Errorf("%s has a line of %d bytes", name, len(line))
			}
		}
	}
}
