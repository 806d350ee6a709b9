package timeline_test

import (
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/timeline"
)

// What a Mac has chosen is known until it chooses anew, and kept over a restart.
func TestChoose(t *testing.T) {
	mac := boot.MAC{0, 0x1b, 0x63, 1, 2, 3}
	tl := timeline.New(timeline.Config{})
	if tl.Chosen(mac) != 0 {
		t.Error("a Mac that nobody knows has chosen")
	}
	tl.Choose(mac, 7)
	if tl.Chosen(mac) != 7 || len(tl.Attempts(mac)) != 0 || len(tl.Machines()) != 1 {
		t.Errorf("chosen %d; boots %+v", tl.Chosen(mac), tl.Attempts(mac))
	}
	tl.Choose(mac, 0)
	if tl.Chosen(mac) != 0 {
		t.Error("a choice is not forgotten")
	}
	tl.Recall(mac, timeline.Learned{Image: 9})
	if tl.Chosen(mac) != 9 {
		t.Errorf("what was kept is not known: %d", tl.Chosen(mac))
	}
	tl.Choose(mac, 10)
	tl.Recall(mac, timeline.Learned{Image: 9}) // not written down yet
	if tl.Chosen(mac) != 10 {
		t.Errorf("what was kept before replaced the latest choice: %d", tl.Chosen(mac))
	}
}
