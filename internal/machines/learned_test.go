package machines

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/timeline"
)

// Of too many machines those that booted longest ago go.
func TestKeptMachinesAreBounded(t *testing.T) {
	k, err := Open(filepath.Join(t.TempDir(), "machines"))
	if err != nil {
		t.Fatal(err)
	}
	k.most = 5
	for i := range 20 {
		mac := boot.MAC{2, 0, 0, 0, 0, byte(i)}
		if err := k.Write(mac, timeline.Learned{}); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(time.Duration(i-100) * time.Minute)
		if err := os.Chtimes(k.path(mac), when, when); err != nil {
			t.Fatal(err)
		}
	}
	all, err := k.All()
	if err != nil || len(all) != 5 || all[0][5] != 15 || all[4][5] != 19 {
		t.Errorf("%d are kept: %v, %v", len(all), all, err)
	}
}

func FuzzParseLearned(f *testing.F) {
	f.Add([]byte(`{"routes":["a"],"failed":["b"],"shape":"menu","pace":1,"booted":"2026-01-01T00:00:00Z","another":true}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := parseLearned(b)
		if err != nil {
			return
		}
		events := timeline.New(timeline.Config{})
		mac := boot.MAC{2}
		events.Observe(timeline.Event{Kind: timeline.Asked, MAC: mac})
		events.Recall(mac, l)
		if n := len(events.Failed(mac)); n > 64 || events.Pace(mac) < 0 {
			t.Errorf("%d routes failed, the pace is %d", n, events.Pace(mac))
		}
	})
}
