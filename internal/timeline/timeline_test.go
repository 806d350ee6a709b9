package timeline

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// running starts a timeline, and stops it when the test ends or stop is called.
func running(t *testing.T, c Config) (tl *Timeline, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	tl = New(c)
	done := make(chan struct{})
	go func() { tl.Run(ctx); close(done) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return tl, stop
}

// now returns an event without a time: it is observed now.
func now(e Event) Event {
	e.MAC = mac
	return e
}

func TestSilenceGetsAVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var updates []Update
		tl, _ := running(t, Config{Observers: []func(Update){func(u Update) { updates = append(updates, u) }}})
		start := time.Now()
		for i, pause := range []int{0, 4, 8} {
			time.Sleep(time.Duration(pause) * time.Second)
			tl.Observe(now(asks(rom)))
			tl.Observe(now(offers("a.efi", "tftp", "r")))
			if i == 0 && tl.Machines()[0].Verdict != nil {
				t.Error("a verdict at once")
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		var verdicts []Update
		for _, u := range updates {
			if u.Verdict != nil {
				verdicts = append(verdicts, u)
			}
		}
		if len(verdicts) != 1 || verdicts[0].Verdict.Cause != NoDHCPServer {
			t.Fatalf("verdicts: %+v, want one of %s", verdicts, NoDHCPServer)
		}
		if after := verdicts[0].Time.Sub(start); after < deafPatience || after > deafPatience+2*tick {
			t.Errorf("the verdict came after %v", after)
		}
		if v := tl.Machines()[0].Verdict; v == nil || v.Cause != NoDHCPServer {
			t.Errorf("the machine's verdict is %+v", v)
		}
	})
}

func TestFailedRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tl, _ := running(t, Config{})
		try := func(route string) {
			tl.Observe(now(asks(rom)))
			tl.Observe(now(offers("a.efi", "tftp", route)))
			time.Sleep(time.Second)
			tl.Observe(now(chooses(router)))
			tl.Observe(now(ends(RoleLoader, "a.efi", 1000)))
			time.Sleep(3 * time.Second)
		}
		try("first")
		if got := tl.Failed(mac); got != nil {
			t.Errorf("failed already: %q", got)
		}
		// The ROM starts over before anybody's patience ends: the route failed
		// by the time that its DISCOVER is answered.
		tl.Observe(now(asks(rom)))
		if got := tl.Failed(mac); !slices.Equal(got, []string{"first"}) {
			t.Errorf("failed: %q, want first", got)
		}
		try("second")
		tl.Observe(now(asks(ipxe)))
		tl.Observe(now(offers("boot.ipxe", "http", "script")))
		tl.Observe(now(ends(RoleScript, "boot.ipxe", 10)))
		tl.Observe(now(ends(RoleKernel, "vmlinuz", 10)))
		if got := tl.Failed(mac); !slices.Equal(got, []string{"first"}) {
			t.Errorf("failed: %q, want first still", got)
		}
		time.Sleep(30 * time.Second)
		try("first") // slow, but it works this time
		time.Sleep(60 * time.Second)
		if got := tl.Attempts(mac); got[len(got)-1].Verdict == nil {
			t.Error("no verdict on the slow loader")
		}
		tl.Observe(now(ends(RoleKernel, "vmlinuz", 10)))
		if got := tl.Failed(mac); len(got) != 0 {
			t.Errorf("failed: %q, want none after success", got)
		}
		if got := tl.Failed(boot.MAC{}); got != nil {
			t.Errorf("a stranger failed: %q", got)
		}
	})
}

func TestAttemptsAreSeparate(t *testing.T) {
	tl := New(Config{Attempts: 2})
	for i := range 4 {
		for _, e := range proxied() {
			e.Time = e.Time.Add(time.Duration(i) * time.Hour)
			tl.Observe(e)
		}
	}
	attempts := tl.Attempts(mac)
	if len(attempts) != 2 || attempts[0].Number != 3 || attempts[1].Number != 4 {
		t.Fatalf("attempts: %d, first number %d", len(attempts), attempts[0].Number)
	}
	if len(attempts[1].Steps) != 14 || attempts[1].Stage != IsUp {
		t.Errorf("the last attempt: %s after %q", attempts[1].Stage, texts(attempts[1]))
	}
}

func TestOldestMachineIsForgotten(t *testing.T) {
	tl := New(Config{Machines: 2})
	for i := range 3 {
		e := at(float64(i), asks(rom))
		e.MAC[5] = byte(i)
		tl.Observe(e)
		e.MAC[5] = 0
		tl.Observe(e) // still talking
	}
	var last []byte
	for _, m := range tl.Machines() {
		last = append(last, m.MAC[5])
	}
	if !slices.Equal(last, []byte{0, 2}) {
		t.Errorf("machines %v, want 0 and 2", last)
	}
}

func TestStrangersAreNotRemembered(t *testing.T) {
	tl := New(Config{})
	tl.Observe(at(0, Event{Kind: OSAsked, Reason: "MSFT 5.0"}))
	tl.Observe(at(0, chooses(router)))
	tl.Observe(at(0, Event{Kind: Leased, Peer: leased}))
	if got := tl.Machines(); len(got) != 0 {
		t.Errorf("remembered %+v", got)
	}
}

func TestSlowObserverDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var slow, quick []Update
		tl, stop := running(t, Config{Queue: 4, Observers: []func(Update){
			func(u Update) { <-release; slow = append(slow, u) },
			func(u Update) { quick = append(quick, u) },
		}})
		for i := range 10 {
			tl.Observe(at(float64(i)*100, asks(rom)))
			synctest.Wait()
		}
		close(release)
		synctest.Wait()
		tl.Observe(at(5000, asks(rom)))
		stop()
		if len(quick) != 11 {
			t.Errorf("the quick one saw %d of 11", len(quick))
		}
		dropped := 0
		for _, u := range slow {
			dropped += u.Dropped
		}
		if len(slow)+dropped != 11 || dropped == 0 {
			t.Errorf("the slow one saw %d and was told of %d dropped, of 11", len(slow), dropped)
		}
	})
}

func TestProgressLeavesRoomForSteps(t *testing.T) {
	tl := New(Config{Queue: 8, Observers: []func(Update){func(Update) {}}})
	for _, e := range proxied()[:6] {
		tl.Observe(e)
	}
	for i := range 20 {
		tl.Observe(at(3+float64(i), moves(RoleLoader, "snponly.efi", int64(i), 100)))
	}
	tl.Observe(at(30, ends(RoleLoader, "snponly.efi", 100)))
	p := tl.observers[0]
	if len(p.queue) != 6 || p.dropped.Load() != 0 {
		t.Errorf("%d updates wait and %d were dropped; want the 6 steps and none", len(p.queue), p.dropped.Load())
	}
}

func TestObserversMayCallTheTimeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tl *Timeline
		ready := make(chan struct{})
		calls := 0
		tl, _ = running(t, Config{Observers: []func(Update){func(u Update) {
			<-ready
			if calls += len(tl.Machines()) + len(tl.Attempts(u.Attempt.MAC)); len(u.Steps) > 0 && u.Steps[0].Kind == Ignored {
				tl.Observe(now(offers("a.efi", "tftp", "r")))
			}
		}}})
		close(ready)
		tl.Observe(now(ignores("x")))
		synctest.Wait()
		if calls != 4 {
			t.Errorf("the observer saw %d machines and attempts in two updates, want 4", calls)
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	tl, stop := running(t, Config{Machines: 8, Observers: []func(Update){func(Update) {}}})
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for j := range 20 {
				for _, e := range proxied() {
					e.MAC[5] = byte(i*j) % 16
					tl.Observe(e)
					tl.Failed(e.MAC)
				}
				tl.Machines()
			}
		})
	}
	group.Wait()
	stop()
	if n := len(tl.Machines()); n != 8 {
		t.Errorf("%d machines, want 8", n)
	}
}

func TestSnapshotInJSON(t *testing.T) {
	tl := New(Config{})
	for _, e := range proxied() {
		tl.Observe(e)
	}
	text, err := json.Marshal(map[string]any{"machines": tl.Machines(), "attempts": tl.Attempts(mac)})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"mac":"52:54:00:aa:bb:01"`, `"platform":"UEFI x64"`, `"stage":"up"`, `"after":2.7`, `"took":0.4`,
		`"step":"fetch-end"`, `"file":"snponly.efi"`, `"server":"10.0.0.1"`, `"text":"up after 21 s"`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "uuid") {
		t.Error("the UUID that was not told is in the snapshot")
	}
	var back []Attempt
	if err := json.Unmarshal([]byte(`[{"steps":[{"after":2.5}]}]`), &back); err != nil || time.Duration(back[0].Steps[0].After) != 2500*time.Millisecond {
		t.Errorf("reading it back: %v, %+v", err, back)
	}
}

// A ROM that hears an address and our offer, and only repeats its DISCOVER, is
// offered one route after the other without being switched off.
func TestRefusedOffersMoveTheLadder(t *testing.T) {
	tl := New(Config{})
	ask := func(seconds float64, route string) {
		tl.Observe(at(seconds, asks(rom)))
		if got := tl.Failed(mac); len(got) > 0 && got[len(got)-1] == route {
			t.Fatalf("at %v s the route %s has failed already", seconds, route)
		}
		tl.Observe(at(seconds, offers("snponly.efi", "tftp", route)))
		tl.Observe(at(seconds+0.1, others(leased, "")))
	}
	ask(0, "snponly")
	ask(4, "snponly")
	tl.Observe(at(12, asks(rom)))
	if got := tl.Failed(mac); !slices.Equal(got, []string{"snponly"}) {
		t.Fatalf("at 12 s failed: %v", got)
	}
	ask(12, "ipxe")
	tl.Observe(at(28, asks(rom)))
	if got := tl.Failed(mac); !slices.Equal(got, []string{"snponly", "ipxe"}) {
		t.Fatalf("at 28 s failed: %v", got)
	}
	ask(28, "direct")
	tl.Observe(at(60, chooses(router)))
	if a := tl.Attempts(mac); len(a) != 1 || a[0].Verdict != nil || a[0].Stage != Addressed {
		t.Errorf("the attempt is %+v", a)
	}
}

// bootsInARow are boots that each have their kernel and are not heard of again,
// until the next begins. It returns the routes that had failed when each of
// them asked, and the verdicts of all but the last.
func bootsInARow(pause float64, kernels ...string) (failed [][]string, verdicts []Cause) {
	tl := New(Config{Attempts: 99})
	for i, kernel := range kernels {
		from := float64(i) * pause
		tl.Observe(at(from, asks(rom)))
		failed = append(failed, tl.Failed(mac))
		tl.Observe(at(from, offers("snponly.efi", "tftp", "snp")))
		tl.Observe(at(from+1, chooses(router)))
		tl.Observe(at(from+2, ends(RoleLoader, "snponly.efi", 9)))
		tl.Observe(at(from+3, ends(RoleKernel, kernel, 9)))
	}
	for _, a := range tl.Attempts(mac)[:len(kernels)-1] {
		if a.Verdict != nil {
			verdicts = append(verdicts, a.Verdict.Cause)
		}
	}
	return failed, verdicts
}

// A machine that has its kernel and starts over, again and again, hears so; its
// loader counts as failed.
func TestBootLoop(t *testing.T) {
	failed, verdicts := bootsInARow(40, "vmlinuz", "vmlinuz", "vmlinuz", "vmlinuz")
	if !slices.Equal(verdicts, []Cause{BootLoop}) || failed[2] != nil || !slices.Equal(failed[3], []string{"snp"}) {
		t.Errorf("verdicts %v, failed %v", verdicts, failed)
	}
	if _, verdicts := bootsInARow(40, "one", "another", "one", "another"); verdicts != nil {
		t.Errorf("with different kernels: %v", verdicts)
	}
	if _, verdicts := bootsInARow(10+lifePatience.Seconds(), "vmlinuz", "vmlinuz", "vmlinuz", "vmlinuz"); slices.Contains(verdicts, BootLoop) {
		t.Errorf("systems that ran for long: %v", verdicts)
	}
}

// A loader that takes longer than anybody's patience, and then goes on, has not
// failed; nor does one that is silent fail more than once in a boot.
func TestASlowLoaderHasNotFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tl, _ := running(t, Config{})
		load := func(route string) {
			tl.Observe(now(asks(rom)))
			tl.Observe(now(offers("a.efi", "tftp", route)))
			tl.Observe(now(chooses(router)))
			tl.Observe(now(ends(RoleLoader, "a.efi", 1000)))
		}
		load("slow")
		time.Sleep(loaderPatience + 10*time.Second)
		if got := tl.Failed(mac); !slices.Equal(got, []string{"slow"}) {
			t.Fatalf("while it is silent failed: %q", got)
		}
		tl.Observe(now(asks(ipxe)))
		if got := tl.Failed(mac); len(got) != 0 {
			t.Errorf("it has spoken, and failed are %q", got)
		}
		time.Sleep(5 * time.Minute)
		load("silent")
		time.Sleep(5 * time.Minute)
		load("silent too")
		time.Sleep(5 * time.Minute)
		if got := tl.Failed(mac); !slices.Equal(got, []string{"silent", "silent too"}) {
			t.Errorf("failed: %q", got)
		}
		tl.Observe(now(ends(RoleKernel, "vmlinuz", 10)))
		tl.Observe(now(Event{Kind: Up}))
		if got := tl.Failed(mac); !slices.Equal(got, []string{"silent"}) {
			t.Errorf("up by the last route, and failed are %q", got)
		}
	})
}

// A system that was to say that it is up, and had the time to, counts against
// its loader when the machine starts over: once any machine has said so.
func TestNeverUp(t *testing.T) {
	tl := New(Config{})
	boots := func(from float64, saysUp, up bool) {
		tl.Observe(at(from, asks(rom)))
		e := offers("snponly.efi", "tftp", "snp")
		e.SaysUp = saysUp
		tl.Observe(at(from, e))
		tl.Observe(at(from+2, ends(RoleLoader, "snponly.efi", 9)))
		tl.Observe(at(from+3, ends(RoleKernel, "vmlinuz", 9)))
		if up {
			tl.Observe(at(from+200, Event{Kind: Up}))
		}
	}
	for i, boot := range []struct {
		saysUp, up, failed bool // failed: when the next one begins
	}{
		{true, false, false}, // nobody has ever said so
		{true, true, false},  // slow
		{false, false, false},
		{true, false, true},
		{true, true, false},
	} {
		from := float64(i) * 1000
		boots(from, boot.saysUp, boot.up)
		tl.Observe(at(from+999, asks(rom)))
		if failed := slices.Contains(tl.Failed(mac), "snp"); failed != boot.failed {
			t.Errorf("after boot %d the loader has failed: %v", i, failed)
		}
	}
}
