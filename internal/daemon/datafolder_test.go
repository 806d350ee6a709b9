package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/advice"
)

// A folder of --data that can't be used is told with what to do, by a dry run too.
func TestDataFolderThatCannotBeUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		for _, dry := range []bool{false, true} {
			d := &daemon{config: Config{Data: dir, DryRun: dry}}
			if err := d.openKept(); err == nil || !strings.Contains(advice.Of(err), "folder with --data") {
				t.Errorf("%s, dry %v: %v; what to do is %q", dir, dry, err, advice.Of(err))
			}
		}
	}
}
