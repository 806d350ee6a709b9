package timeline

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

// overHTTP is an event of a large download over HTTP.
func overHTTP(e Event, bytes int64) Event {
	e.Proto, e.Role, e.Name, e.Bytes, e.Total = "http", RoleInitrd, "initrd.img", bytes, 100<<20
	return e
}

// download begins a boot with a download that has come to 4 MiB three seconds
// after its start.
func download(tl *Timeline, from float64) {
	tl.Observe(at(from, asks(rom)))
	tl.Observe(at(from, offers("boot.efi", "http", "r")))
	tl.Observe(at(from+1, overHTTP(Event{Kind: FetchStart}, 0)))
	if pace := tl.Pace(mac); pace > 0 {
		tl.Observe(at(from+1, overHTTP(Event{Kind: Paced}, pace)))
	}
	tl.Observe(at(from+3, overHTTP(Event{Kind: FetchProgress}, 4<<20)))
}

// A download that stalls is sent slower the next time, however the stall ends,
// by one step a stall; at the lowest pace the route has failed.
func TestStalledDownloadsAreSentSlower(t *testing.T) {
	tl := New(Config{})
	for i, want := range []int64{16 << 20, 4 << 20, 1 << 20, 1 << 20} {
		from := float64(i) * 1000
		download(tl, from)
		if i%2 == 0 {
			tl.now = func() time.Time { return at(from+40, Event{}).Time }
			tl.JudgeAll()
		}
		tl.Observe(at(from+41, overHTTP(Event{Kind: FetchFailed, Err: "peer stopped reading"}, 4<<20)))
		tl.now = func() time.Time { return at(from+99, Event{}).Time }
		tl.JudgeAll()
		if got := tl.Pace(mac); got != want {
			t.Fatalf("after %d stalls the pace is %d, want %d", i+1, got, want)
		}
		a := tl.Attempts(mac)[i]
		if a.Verdict == nil || a.Verdict.Cause != TransferStalled || (a.Verdict.Blames == "r") != (i == 3) {
			t.Errorf("verdict %d is %+v", i, a.Verdict)
		}
		if said := strings.Contains(a.Verdict.Hint, "at most"); said != (i < 3) {
			t.Errorf("the hint %d is %q", i, a.Verdict.Hint)
		}
		if told := strings.Contains(strings.Join(texts(a), "\n"), "initrd initrd.img is sent at "); told != (i > 0) {
			t.Errorf("the story %d is %q", i, texts(a))
		}
	}
}

// A machine that is reset in the middle of a download, or loses its connection,
// has not stalled; nor has a small file, or one that comes by TFTP.
func TestWhatIsNoStall(t *testing.T) {
	small := overHTTP(Event{Kind: FetchFailed, Err: "gone"}, 1<<10)
	small.Total = 1 << 20
	trivial := overHTTP(Event{Kind: FetchFailed, Err: "gone"}, 4<<20)
	trivial.Proto = "tftp"
	for name, end := range map[string]Event{
		"reset": at(9, asks(rom)),
		"cut":   at(8, overHTTP(Event{Kind: FetchFailed, Err: "connection reset"}, 4<<20)),
		"small": at(60, small),
		"tftp":  at(60, trivial),
	} {
		tl := New(Config{})
		if name == "small" || name == "tftp" {
			tl.Observe(at(0, asks(rom)))
			start := end
			start.Kind, start.Time, start.Err = FetchStart, at(1, Event{}).Time, ""
			tl.Observe(start)
		} else {
			download(tl, 0)
		}
		tl.Observe(end)
		if got := tl.Pace(mac); got != 0 {
			t.Errorf("%s: the pace is %d", name, got)
		}
	}
}

// Who knows the names of a machine's files and fetches them from elsewhere doesn't make
// it slow.
func TestStallsOfOthersDoNotCount(t *testing.T) {
	own, other := netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("10.0.0.6")
	for peer, want := range map[netip.Addr]int64{own: firstPace, other: 0} {
		for _, judged := range []bool{false, true} {
			tl := New(Config{})
			tl.Observe(at(0, asks(rom)))
			tl.Observe(at(1, Event{Kind: Leased, Peer: own}))
			tl.Observe(at(2, overHTTP(Event{Kind: FetchStart, Peer: peer}, 0)))
			tl.Observe(at(3, overHTTP(Event{Kind: FetchProgress, Peer: peer}, 4<<20)))
			if judged {
				tl.now = func() time.Time { return at(99, Event{}).Time }
				tl.JudgeAll()
			} else {
				tl.Observe(at(60, overHTTP(Event{Kind: FetchFailed, Peer: peer, Err: "gone"}, 4<<20)))
			}
			if got := tl.Pace(mac); got != want {
				t.Errorf("from %s, judged %v: the pace is %d, want %d", peer, judged, got, want)
			}
		}
	}
}

// A boot at its pace that goes well makes a machine faster by a step.
func TestPaceRisesAfterCleanBoots(t *testing.T) {
	tl := New(Config{})
	for i := range 2 {
		download(tl, float64(i)*1000)
		tl.Observe(at(float64(i)*1000+41, overHTTP(Event{Kind: FetchFailed, Err: "gone"}, 4<<20)))
	}
	for i, want := range []int64{16 << 20, 0, 0} {
		from := float64(i+2) * 1000
		download(tl, from)
		tl.Observe(at(from+9, overHTTP(Event{Kind: FetchEnd}, 100<<20)))
		tl.Observe(at(from+20, Event{Kind: Up}))
		if got := tl.Pace(mac); got != want {
			t.Errorf("after %d clean boots the pace is %d, want %d", i+1, got, want)
		}
	}
}
