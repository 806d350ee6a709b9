package recorder_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/onlooker"
	"github.com/spurboot/spur/internal/record"
	"github.com/spurboot/spur/internal/recorder"
	"github.com/spurboot/spur/internal/recorder/recordertest"
	"github.com/spurboot/spur/internal/timeline"
)

// A boot that fails is kept with all its packets, what was answered, and why.
func TestFailedBootIsKept(t *testing.T) {
	r := recordertest.New(t)
	r.Asks()
	r.Kept.Events.Observe(timeline.Event{Kind: timeline.FetchFailed, MAC: r.Client.MAC, Role: timeline.RoleFile, Name: "font.pf2", Err: "not there", Time: r.Now})
	r.Now = r.Now.Add(2 * time.Minute)
	r.Asks()
	if len(r.Files()) != 0 {
		t.Fatal("a boot is kept that has not failed")
	}
	r.Fails()
	files := r.Files()
	if len(files) != 1 || filepath.Base(files[0]) != "20260401-120200-52-54-00-12-34-56.jsonl" {
		t.Fatalf("kept: %q", files)
	}
	info, err := os.Stat(files[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	got, err := onlooker.ReadRecord(files[0], boot.MAC{})
	if err != nil {
		t.Fatal(err)
	}
	requests, replies := 0, 0
	for _, e := range got.Entries {
		switch {
		case e.Packet == nil:
		case e.Packet.Way == record.Request:
			requests++
			if !strings.HasPrefix(e.Packet.Says, "DISCOVER") || e.Packet.Server != r.Client.Server {
				t.Errorf("got %+v", e.Packet)
			}
		case e.Packet.Way == record.Reply:
			replies++
			if e.Packet.Route != "uefi-x64-snponly" || !strings.HasPrefix(e.Packet.Says, "OFFER") {
				t.Errorf("got %+v", e.Packet)
			}
		}
	}
	if v := got.Verdict(); requests < 3 || replies != requests || v == nil || v.Cause != string(timeline.NoDHCPServer) {
		t.Errorf("%d requests, %d replies, %+v", requests, replies, v)
	}
	if got.Head.MAC != r.Client.MAC || got.Head.Interface != "eth0" || got.Head.Spur != "test" || got.Head.DHCP != "proxy" {
		t.Errorf("got %+v", got.Head)
	}
}

// A boot that goes on to its system after all has not failed.
func TestLateBootIsDropped(t *testing.T) {
	r := recordertest.New(t)
	r.Asks()
	r.Fails()
	a := r.Kept.Events.Attempts(r.Client.MAC)
	r.Kept.Observe(timeline.Update{Time: r.Now, Attempt: a[0], Learned: &timeline.Learned{}})
	if files := r.Files(); len(files) != 0 {
		t.Errorf("kept: %q", files)
	}
}

// That a boot can't be kept is said once, and harms nothing.
func TestRecordTrouble(t *testing.T) {
	r := recordertest.New(t)
	if err := os.RemoveAll(r.Dir); err != nil {
		t.Fatal(err)
	}
	r.Asks()
	r.Fails()
	r.Fails()
	if len(r.Trouble) != 1 || !errors.Is(r.Trouble[0], os.ErrNotExist) {
		t.Errorf("told: %v", r.Trouble)
	}
}

// A recorder that isn't there keeps nothing.
func TestWithoutRecorder(t *testing.T) {
	var none *recorder.Recorder
	none.Request(boot.Client{}, dhcp.Packet{}, false)
	none.Reply(boot.Client{}, dhcp.Packet{}, nil, decide.Decision{})
	none.Heard(dhcp.Overheard{})
}
