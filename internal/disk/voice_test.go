package disk

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spurboot/spur/block/diskimage"
)

// TestTroubleSaysWhatToDo: who serves a raw disk that was guessed is told how a
// write that was refused for its sake may be done.
func TestTroubleSaysWhatToDo(t *testing.T) {
	var out strings.Builder
	v := &voice{out: &out}
	v.trouble("192.0.2.1:5", newTally(), fmt.Errorf("write: %w", diskimage.DisguiseError{As: diskimage.Qcow2}))
	if text := out.String(); !strings.Contains(text, "look like a qcow2 image") || !strings.Contains(text, "--format raw") {
		t.Errorf("%q", text)
	}
}
