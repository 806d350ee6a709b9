package daemon

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/machines"
	"github.com/spurboot/spur/internal/timeline"
)

// remembering opens a memory over a folder.
func remembering(t *testing.T, data string) *memory {
	t.Helper()
	d := &daemon{config: Config{Data: data, DHCP: ProxyDHCP}, notices: newNotices(Config{Out: io.Discard})}
	m, err := d.openMemory()
	if err != nil {
		t.Fatal(err)
	}
	m.trouble = func(err error) { t.Error(err) }
	return m
}

// asks has a machine's ROM ask.
func (m *memory) asks(mac boot.MAC) {
	m.events.Observe(timeline.Event{Kind: timeline.Asked, MAC: mac, Client: answertest.Machine(0, boot.UEFI, boot.ROM)})
	m.recall(mac)
}

// What worked on a machine outlives a restart, is listed, and can be changed and
// forgotten beside a running Spur, which sees it when the machine asks.
func TestMachinesOutliveARestart(t *testing.T) {
	data := t.TempDir()
	mac := boot.MAC{2, 0, 0, 0, 0, 1}
	remembering(t, data).observe(timeline.Update{
		Attempt: timeline.Attempt{MAC: mac},
		Learned: &timeline.Learned{Routes: []string{"second"}, Failed: []string{"first"}, Shape: "menu", Pace: 1 << 20, Booted: time.Now()},
	})
	known, err := machines.List(data)
	if err != nil || len(known) != 1 || known[0].MAC != mac || known[0].Shape != "menu" || !slices.Equal(known[0].Routes, []string{"second"}) ||
		!slices.Equal(known[0].Failed, []string{"first"}) || time.Since(known[0].Booted) > time.Hour {
		t.Fatalf("listed as %+v, %v", known, err)
	}

	next := remembering(t, data)
	next.asks(mac)
	if took, _ := next.events.Shapes(mac); took != "menu" || next.events.Pace(mac) != 1<<20 || !slices.Equal(next.events.Failed(mac), []string{"first"}) {
		t.Errorf("after a restart: took %q, pace %d, failed %v", took, next.events.Pace(mac), next.events.Failed(mac))
	}

	if _, err := machines.TakeAnother(data, []boot.MAC{mac}); err != nil {
		t.Fatal(err)
	}
	next.asks(mac)
	next.asks(mac) // asked for once, it is done once
	if got := next.events.Failed(mac); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("its user wants another way, and failed are %v", got)
	}
	if known, err := machines.List(data); err != nil || known[0].Another || len(known[0].Failed) != 2 {
		t.Errorf("kept is %+v, %v", known, err)
	}

	if _, err := machines.Forget(data, nil); err != nil {
		t.Fatal(err)
	}
	next.asks(mac)
	if took, _ := next.events.Shapes(mac); took != "" || next.events.Pace(mac) != 0 || len(next.events.Failed(mac)) != 0 {
		t.Errorf("forgotten, and yet took %q, pace %d, failed %v", took, next.events.Pace(mac), next.events.Failed(mac))
	}
	if _, err := machines.Forget(data, []boot.MAC{mac}); err == nil || !strings.Contains(err.Error(), mac.String()) {
		t.Errorf("forgetting a stranger: %v", err)
	}
}

// What has been learned since the last boot that worked is not undone by what
// was kept of that.
func TestKeptDoesNotUndoWhatIsLearned(t *testing.T) {
	mac := boot.MAC{2, 0, 0, 0, 0, 1}
	m := remembering(t, t.TempDir())
	m.asks(mac)
	m.observe(timeline.Update{Attempt: timeline.Attempt{MAC: mac}, Learned: &timeline.Learned{Routes: []string{"a"}, Booted: time.Now()}})
	client := answertest.Machine(0, boot.UEFI, boot.ROM)
	m.events.Observe(timeline.Event{Kind: timeline.Offered, MAC: mac, Client: client, Route: "a", Name: "a.efi"})
	m.events.Observe(timeline.Event{Kind: timeline.FetchEnd, MAC: mac, Role: timeline.RoleLoader, Route: "a", Name: "a.efi", Bytes: 1, Total: 1})
	m.asks(mac) // the loader did not take over
	if got := m.events.Failed(mac); !slices.Equal(got, []string{"a"}) {
		t.Errorf("failed are %v", got)
	}
}

// What is no machine's file costs the machine nothing but its past, and is said.
func TestDamagedMachine(t *testing.T) {
	data := t.TempDir()
	m := remembering(t, data)
	mac := boot.MAC{2, 0, 0, 0, 0, 1}
	var told error
	m.trouble = func(err error) { told = err }
	if err := os.WriteFile(filepath.Join(machines.Dir(data), mac.String()), []byte(`{"routes":`), 0o600); err != nil {
		t.Fatal(err)
	}
	m.asks(mac)
	if known, err := machines.List(data); err == nil || len(known) != 1 || known[0].MAC != mac {
		t.Errorf("listed as %+v, %v", known, err)
	}
	if told == nil || !strings.Contains(told.Error(), mac.String()) {
		t.Errorf("told %v", told)
	}
}
