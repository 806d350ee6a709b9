package daemon

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
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
	m.events.Observe(timeline.Event{Kind: timeline.Asked, MAC: mac, Client: machine(0, boot.UEFI, boot.ROM)})
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
	known, err := KnownMachines(data)
	if err != nil || len(known) != 1 || known[0].MAC != mac || known[0].Shape != "menu" || !slices.Equal(known[0].Routes, []string{"second"}) ||
		!slices.Equal(known[0].Failed, []string{"first"}) || time.Since(known[0].Booted) > time.Hour {
		t.Fatalf("listed as %+v, %v", known, err)
	}

	next := remembering(t, data)
	next.asks(mac)
	if took, _ := next.events.Shapes(mac); took != "menu" || next.events.Pace(mac) != 1<<20 || !slices.Equal(next.events.Failed(mac), []string{"first"}) {
		t.Errorf("after a restart: took %q, pace %d, failed %v", took, next.events.Pace(mac), next.events.Failed(mac))
	}

	if _, err := TakeAnother(data, []boot.MAC{mac}); err != nil {
		t.Fatal(err)
	}
	next.asks(mac)
	next.asks(mac) // asked for once, it is done once
	if got := next.events.Failed(mac); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("its user wants another way, and failed are %v", got)
	}
	if known, err := KnownMachines(data); err != nil || known[0].Another || len(known[0].Failed) != 2 {
		t.Errorf("kept is %+v, %v", known, err)
	}

	if _, err := Forget(data, nil); err != nil {
		t.Fatal(err)
	}
	next.asks(mac)
	if took, _ := next.events.Shapes(mac); took != "" || next.events.Pace(mac) != 0 || len(next.events.Failed(mac)) != 0 {
		t.Errorf("forgotten, and yet took %q, pace %d, failed %v", took, next.events.Pace(mac), next.events.Failed(mac))
	}
	if _, err := Forget(data, []boot.MAC{mac}); err == nil || !strings.Contains(err.Error(), mac.String()) {
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
	client := machine(0, boot.UEFI, boot.ROM)
	m.events.Observe(timeline.Event{Kind: timeline.Offered, MAC: mac, Client: client, Route: "a", Name: "a.efi"})
	m.events.Observe(timeline.Event{Kind: timeline.FetchEnd, MAC: mac, Role: timeline.RoleLoader, Route: "a", Name: "a.efi", Bytes: 1, Total: 1})
	m.asks(mac) // the loader did not take over
	if got := m.events.Failed(mac); !slices.Equal(got, []string{"a"}) {
		t.Errorf("failed are %v", got)
	}
}

// Of too many machines those that booted longest ago go.
func TestKeptMachinesAreBounded(t *testing.T) {
	k, err := openMachines(filepath.Join(t.TempDir(), "machines"))
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

// What is no machine's file costs the machine nothing but its past, and is said.
func TestDamagedMachine(t *testing.T) {
	m := remembering(t, t.TempDir())
	mac := boot.MAC{2, 0, 0, 0, 0, 1}
	var told error
	m.trouble = func(err error) { told = err }
	if err := os.WriteFile(m.machines.path(mac), []byte(`{"routes":`), 0o600); err != nil {
		t.Fatal(err)
	}
	m.asks(mac)
	if known, err := KnownMachines(filepath.Dir(m.machines.dir)); err == nil || len(known) != 1 || known[0].MAC != mac {
		t.Errorf("listed as %+v, %v", known, err)
	}
	if told == nil || !strings.Contains(told.Error(), mac.String()) {
		t.Errorf("told %v", told)
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
