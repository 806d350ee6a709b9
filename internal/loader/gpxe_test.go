package loader

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/golden"
)

// gPXE's scripts have nothing but what gPXE 1.0 knows: the commands of its image_cmd.c,
// and echo of its exec.c.
func TestGPXEScripts(t *testing.T) {
	cmdline, err := boot.ParseCmdline(`console=ttyS0  cfg={{ ID "/srv/c.yaml" }} spur.up={{ UP }} ip=${net0/ip}`)
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
	for name, script := range map[string]string{
		"linux.gpxe":   GPXEScript(client(), linux, urls),
		"trouble.gpxe": TroubleGPXEScript(client(), errors.New("the boot API did not answer; try later"), true),
	} {
		golden.File(t, "testdata/"+name, script)
		for i, line := range strings.Split(strings.TrimSuffix(script, "\n"), "\n") {
			command, _, _ := strings.Cut(line, " ")
			if known := []string{"echo", "imgfree", "kernel", "initrd", "boot"}; i > 0 && !slices.Contains(known, command) {
				t.Errorf("%s: gPXE knows no command %q", name, command)
			}
		}
		if !strings.HasPrefix(script, "#!gpxe\n") {
			t.Errorf("%s begins with %q", name, script[:8])
		}
	}
}
