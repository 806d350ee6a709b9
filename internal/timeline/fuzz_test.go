package timeline

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/spurboot/spur/internal/boot"
)

// anyEvent draws an event that any confused hook could make.
func anyEvent(t *rapid.T) Event {
	clients := []boot.Client{{}, rom, romHTTP, bios, ipxe}
	addrs := []netip.Addr{{}, us, router, leased}
	number := rapid.OneOf(rapid.Int64Range(-1, 1000), rapid.Int64())
	names := rapid.OneOf(rapid.SampledFrom([]string{"", "a.efi", "vmlinuz"}), rapid.StringN(0, 400, 2000))
	return Event{
		Time: began.Add(time.Duration(rapid.IntRange(-1000, 1000).Draw(t, "time")) * time.Second),
		MAC:  boot.MAC{byte(rapid.IntRange(0, 5).Draw(t, "mac"))},
		Kind: rapid.SampledFrom([]Kind{
			Asked, Ignored, NoAnswer, Offered, OtherOffered, Chose, Leased, BootAsked, Answered,
			FetchStart, FetchProgress, FetchEnd, FetchFailed, Awaited, Paced, SizeAsked, Mounted, Unmounted, OSAsked, Up, "nonsense",
		}).Draw(t, "kind"),
		Client: rapid.SampledFrom(clients).Draw(t, "client"),
		Route:  names.Draw(t, "route"),
		Proto:  rapid.SampledFrom([]string{"", "tftp", "http", "dhcp"}).Draw(t, "proto"),
		Role:   rapid.SampledFrom([]Role{"", RoleLoader, RoleScript, RoleKernel, RoleInitrd, RoleModule, RoleFile}).Draw(t, "role"),
		Name:   names.Draw(t, "name"),
		Peer:   rapid.SampledFrom(addrs).Draw(t, "peer"),
		Server: rapid.SampledFrom(addrs).Draw(t, "server"),
		Bytes:  number.Draw(t, "bytes"),
		Total:  number.Draw(t, "total"),
		Shape:  names.Draw(t, "shape"), Reshaped: rapid.Bool().Draw(t, "reshaped"), SaysUp: rapid.Bool().Draw(t, "says up"),
		Transaction: rapid.Uint32Range(0, 2).Draw(t, "transaction"),
		Audible:     rapid.Bool().Draw(t, "audible"),
		Reason:      names.Draw(t, "reason"),
		Hint:        names.Draw(t, "hint"),
		Err:         rapid.OneOf(rapid.Just("User aborted"), names).Draw(t, "err"),
	}
}

// stayBounded feeds any events to a small timeline and measures what it keeps.
func stayBounded(t *rapid.T) {
	tl := New(Config{Machines: 3, Attempts: 2, Queue: 4, Observers: []func(Update){func(Update) {}}})
	for _, e := range rapid.SliceOfN(rapid.Custom(anyEvent), 1, 150).Draw(t, "events") {
		tl.Observe(e)
		tl.JudgeAll()
	}
	machines := tl.Machines()
	if len(machines) > 3 {
		t.Fatalf("%d machines", len(machines))
	}
	for _, m := range machines {
		attempts := tl.Attempts(m.MAC)
		if len(attempts) == 0 || len(attempts) > 2 || len(m.Failed) > maxFailed {
			t.Fatalf("%d attempts, %d failed routes", len(attempts), len(m.Failed))
		}
		for _, a := range attempts {
			checkBounds(t, a)
		}
	}
}

func checkBounds(t *rapid.T, a Attempt) {
	if len(a.Steps) > maxSteps || len(a.Transfers) > maxTransfers || len(a.Routes) > maxRoutes {
		t.Fatalf("%d steps, %d transfers, %d routes", len(a.Steps), len(a.Transfers), len(a.Routes))
	}
	for _, s := range a.Steps {
		// An escape is at most four bytes for each one, and a line holds two
		// or three strings.
		if len(s.Name) > maxText+3 || len(s.Text) > 16*maxText {
			t.Fatalf("a name of %d bytes, a text of %d", len(s.Name), len(s.Text))
		}
		if s.After < 0 || s.Took < 0 || s.Bytes < 0 || s.Count < 1 {
			t.Fatalf("impossible figures: %+v", s)
		}
		if Clean(s.Text) != s.Text {
			t.Fatalf("unprintable: %q", s.Text)
		}
	}
	for _, x := range a.Transfers {
		if x.Bytes < 0 || x.Took() < 0 {
			t.Fatalf("impossible figures: %+v", x)
		}
	}
}

func TestAnyEventsStayBounded(t *testing.T) { rapid.Check(t, stayBounded) }

func FuzzObserve(f *testing.F) {
	f.Add([]byte{1, 2, 3})
	f.Fuzz(rapid.MakeFuzz(stayBounded))
}

func FuzzClean(f *testing.F) {
	f.Add("snponly.efi")
	f.Add("\x1b[2J\xff\u202e\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		if once := Clean(s); Clean(once) != once {
			t.Errorf("%q becomes %q, which is not clean", s, once)
		}
	})
}
