package daemon

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// Where a system can't be told the port of its image, which isn't the usual one, that is said;
// and a target that needs what wasn't opened at the start is refused.
func TestExportPorts(t *testing.T) {
	image := func(words ...boot.ExportWord) (files []boot.File) {
		for _, w := range words {
			files = append(files, boot.File{Source: "/arch.iso", Told: boot.Export{Over: boot.NBD, Word: w}})
		}
		return files
	}
	for _, tt := range []struct {
		port  uint16
		files []boot.File
		warns bool
	}{
		{NBDPort, image(boot.ExportServer, boot.ExportName), false},
		{10810, image(boot.ExportServer, boot.ExportName), true},
		{10810, image(boot.ExportServer, boot.ExportPort, boot.ExportName), false},
	} {
		var out strings.Builder
		c := Config{NBDPort: tt.port, Out: &out}
		d := &daemon{config: c, notices: newNotices(c), exports: []boot.Protocol{boot.NBD}}
		d.warnOfPorts(tt.files)
		if warns := strings.Contains(out.String(), "looks for its image over NBD on port 10809; leave --nbd-port out"); warns != tt.warns {
			t.Errorf("on port %d: %q", tt.port, &out)
		}
		if d.checkExports([]boot.Protocol{boot.NBD}) != nil || d.checkExports([]boot.Protocol{boot.ISCSI}) == nil {
			t.Error("what is served is mistaken")
		}
	}
}
