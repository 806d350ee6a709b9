package report

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/timeline"
)

// What was asked for in vain is counted to the file that it was, and requests for others apart.
func TestTimesAreOfTheSameFile(t *testing.T) {
	for files, want := range map[string]string{
		"a":         "no",
		"a a a":     "no (3 times)",
		"a b":       "no (and 1 request for other files in vain)",
		"a b c b a": "no (2 times, and 3 requests for other files in vain)",
	} {
		var a timeline.Attempt
		for n, name := range strings.Fields(files) {
			a, _ = a.Next(timeline.Event{Time: began.Add(time.Duration(n)), MAC: mac, Kind: timeline.FetchFailed, Role: timeline.RoleFile, Name: name, Proto: "tftp", Refusal: timeline.NoSuchFile, Err: "no"})
		}
		if got := Attempt(a); !strings.HasSuffix(strings.TrimSpace(got), want) {
			t.Errorf("%s: got %q", files, got)
		}
	}
}

// An onlooker counts a loader that firmware asks for by HEAD first with its GET, and not
// another one.
func TestTimesOfLoaders(t *testing.T) {
	var a timeline.Attempt
	for n, name := range []string{"x.efi", "x.efi", "y.efi"} {
		a, _ = a.Next(timeline.Event{Time: began.Add(time.Duration(n)), MAC: mac, Kind: timeline.FetchFailed, Role: timeline.RoleLoader, Name: name, Proto: "http", Refusal: timeline.NoSuchFile, Err: "no",
			Server: netip.MustParseAddr("10.0.0.1"), Onlooker: true})
	}
	if len(a.Steps) != 2 || a.Steps[0].Count != 2 || a.Steps[0].Others != 0 || a.Steps[1].Count != 1 {
		t.Errorf("got %+v", a.Steps)
	}
}
