package timeline

import (
	"slices"
	"strings"
	"testing"
)

// A system that mounts its image runs, however often it opens that; the story tells how much
// it read, and how it ended.
func TestMount(t *testing.T) {
	tl := New(Config{})
	tl.Observe(at(0, asks(rom)))
	image := func(kind Kind, bytes int64, err string) Event {
		return Event{Kind: kind, MAC: mac, Proto: "iscsi", Name: "live.iso", Bytes: bytes, Err: err}
	}
	for n, e := range []Event{image(Mounted, 0, ""), image(Mounted, 0, ""), image(Unmounted, 3<<20, ""), image(Unmounted, 5<<20, "timeout")} {
		tl.Observe(at(float64(n+1), e))
	}
	a := tl.Attempts(mac)[0]
	want := []string{
		"its system mounts live.iso over iSCSI: it runs",
		"its system has read 3.0 MiB of live.iso over iSCSI",
		"its system has read 5.0 MiB of live.iso over iSCSI, and is gone: timeout",
	}
	got := texts(a)
	if len(got) < len(want) || !slices.Equal(got[len(got)-len(want):], want) || a.Stage != Running {
		t.Errorf("it is %s, and the story is\n%s", a.Stage, strings.Join(got, "\n"))
	}
}
