package report

import (
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/timeline"
)

// inVain is a step that was counted.
func inVain(name string, after time.Duration, count int) timeline.Step {
	return timeline.Step{Time: began.Add(after), Kind: timeline.FetchFailed, Role: timeline.RoleFile, Text: "file " + name + " isn't there", Count: count}
}

// updateOf is an update of an attempt that has steps, of which some are new.
func updateOf(steps []timeline.Step, new ...timeline.Step) timeline.Update {
	return timeline.Update{Time: began, Attempt: timeline.Attempt{MAC: mac, Steps: steps}, Steps: new}
}

// Of several files that a machine asks for in vain the first is told, and the rest is counted:
// before its next step, with a verdict, and where it starts over; each request once.
func TestRequestsInVainAreCounted(t *testing.T) {
	type steps = []timeline.Step
	one, eight, ten := inVain("a", 0, 1), inVain("a", 0, 8), inVain("a", 0, 10)
	found := timeline.Step{Time: began, Kind: timeline.FetchEnd, Text: "file c", Count: 1}
	asked := timeline.Step{Time: began.Add(time.Minute), Kind: timeline.Asked, Text: "asks", Count: 1}
	stalled := updateOf(steps{eight})
	stalled.Verdict = &timeline.Verdict{Cause: timeline.LoaderSilent, Sentence: "silent"}
	const stands = "|stalled (loader-silent)"
	first := []timeline.Update{updateOf(steps{one}, one), updateOf(steps{eight})}
	for name, test := range map[string]struct {
		then []timeline.Update
		want string
	}{
		"a further step":      {[]timeline.Update{updateOf(steps{eight, found}, found), updateOf(steps{eight, found, found}, found)}, "|and 7 more requests for files in vain|file c|file c"},
		"further ones":        {[]timeline.Update{updateOf(steps{eight, found}, found), updateOf(steps{eight, found, inVain("b", 1, 1)}, inVain("b", 1, 1)), updateOf(steps{eight, found, inVain("b", 1, 2)}), updateOf(steps{eight, found, inVain("b", 1, 2), found}, found)}, "|and 7 more requests for files in vain|file c|file b isn't there|and 1 more request for files in vain|file c"},
		"a verdict":           {[]timeline.Update{stalled}, "|and 7 more requests for files in vain" + stands},
		"a verdict, and more": {[]timeline.Update{stalled, updateOf(steps{ten}), updateOf(steps{ten, found}, found)}, "|and 7 more requests for files in vain" + stands + "|and 2 more requests for files in vain|file c"},
		"a verdict, and over": {[]timeline.Update{stalled, updateOf(steps{asked}, asked)}, "|and 7 more requests for files in vain" + stands + "|asks"},
		"it starts over":      {[]timeline.Update{updateOf(steps{asked}, asked), updateOf(steps{asked, found}, found)}, "|and 7 more requests for files in vain|asks|file c"},
		"it says nothing":     {[]timeline.Update{updateOf(steps{ten})}, ""},
	} {
		var b strings.Builder
		term := NewTerminal(&b, utc(Options{}))
		for _, u := range append(first, test.then...) {
			term.Observe(u)
		}
		if got := shortened(b.String()); got != "file a isn't there"+test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

// shortened are the texts of the lines that name the machine, in a row.
func shortened(text string) string {
	var got []string
	for line := range strings.Lines(text) {
		if _, said, ok := strings.Cut(strings.TrimSpace(line), mac.String()+"  "); ok {
			got = append(got, said)
		}
	}
	return strings.Join(got, "|")
}

// Requests of no more machines are followed than there is room for: those that began first are
// forgotten.
func TestRequestsInVainAreBounded(t *testing.T) {
	l := vainRequests{}
	for n := range maxLive + 10 {
		u := updateOf([]timeline.Step{inVain("a", time.Duration(n), 3)})
		u.Attempt.MAC = boot.MAC{2, 0, 0, 0, byte(n >> 8), byte(n)}
		l.follow(u)
	}
	if _, ok := l[boot.MAC{2, 0, 0, 0, 0, 9}]; ok || len(l) != maxLive {
		t.Errorf("%d are followed", len(l))
	}
	u := updateOf(nil)
	u.Attempt.MAC = boot.MAC{2, 0, 0, 0, 0, 10}
	if more := l.follow(u); more != 2 || len(l) != maxLive-1 {
		t.Errorf("%d more, and %d are followed", more, len(l))
	}
}
