package diskserve

import (
	"errors"
	"strings"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/internal/disk"
	"github.com/spurboot/spur/internal/san"
)

// TestUnclosedIsTold: who serves an image whose writer was killed is told what
// became of what that wrote.
func TestUnclosedIsTold(t *testing.T) {
	for told, d := range map[string]disk.Disk{
		"": {},
		"what was written last was brought back, 1 cluster":     {Unclosed: true, Recovered: 1},
		"wasn't closed: all that was written was in it already": {Unclosed: true},
		"what was written last and not flushed may be missing":  {Unclosed: true, Lost: errors.New("why")},
	} {
		d.Device, d.Files = block.NewMemory(1<<20), []string{"disk.qcow2"}
		var lines strings.Builder
		tellReady(&san.Log{Out: &lines}, &d, NBD, "nbd://x")
		if got := strings.Contains(lines.String(), "wasn't closed"); got != (told != "") || !strings.Contains(lines.String(), told) {
			t.Errorf("told %q, not %q", lines.String(), told)
		}
	}
}
