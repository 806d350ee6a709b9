package machines

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
)

// A machine whose file is damaged is to be forgotten, whoever asks.
func TestAnotherWayOfAMachineWithADamagedFile(t *testing.T) {
	data, mac := t.TempDir(), boot.MAC{2, 0, 0, 0, 0, 9}
	if err := os.Mkdir(Dir(data), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(Dir(data), mac.String()), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	done, err := TakeAnother(data, []boot.MAC{mac})
	if len(done) != 0 || err == nil || !strings.Contains(advice.Of(err), "spur machine forget "+mac.String()) {
		t.Errorf("%v, %v; what to do is %q", done, err, advice.Of(err))
	}
}
