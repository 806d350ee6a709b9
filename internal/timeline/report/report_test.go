package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/golden"
	"github.com/spurboot/spur/internal/timeline"
)

func utc(o Options) Options {
	o.Location = time.UTC
	return o
}

func TestPlainLines(t *testing.T) {
	var b bytes.Buffer
	term := NewTerminal(&b, utc(Options{}))
	feed(term.Observe, boots()...)
	golden.File(t, "testdata/lines.txt", b.String())
	b.Reset()
	feed(NewTerminal(&b, utc(Options{Width: func() int { return 90 }})).Observe, stalls()...)
	golden.File(t, "testdata/stalled.txt", b.String())
}

func TestAttempt(t *testing.T) {
	golden.File(t, "testdata/story.txt", Attempt(feed(nil, boots()...)))
	golden.File(t, "testdata/story-stalled.txt", Attempt(feed(nil, stalls()...)))
}

func TestLogRecords(t *testing.T) {
	var b bytes.Buffer
	noTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	log := Log(slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{ReplaceAttr: noTime})))
	feed(log, boots()...)
	feed(log, stalls()...)
	log(timeline.Update{Dropped: 3})
	golden.File(t, "testdata/log.json", b.String())
}

func TestLogNamesTheRow(t *testing.T) {
	var b bytes.Buffer
	feed(Log(slog.New(slog.NewJSONHandler(&b, nil))), timeline.Event{Kind: timeline.Offered, Name: "snponly.efi", Proto: "tftp", Row: "machines.yaml:12"})
	if !strings.Contains(b.String(), `"row":"machines.yaml:12"`) {
		t.Error(b.String())
	}
}

// TestLiveLine watches the bottom line while steps go by: whatever happens,
// the finished lines are those of the plain report.
func TestLiveLine(t *testing.T) {
	var plain bytes.Buffer
	feed(NewTerminal(&plain, utc(Options{})).Observe, boots()...)
	s := &screen{}
	term := NewTerminal(s, utc(Options{Live: true, Colour: true, Width: func() int { return 80 }}))
	var seen []string
	feed(func(u timeline.Update) {
		term.Observe(u)
		if line := string(s.line); line != "" && !slices.Contains(seen, line) {
			seen = append(seen, line)
		}
		if len(s.line) > 79 {
			t.Errorf("%d columns: %q", len(s.line), string(s.line))
		}
	}, boots()...)
	if got := strings.Join(s.lines, "\n") + "\n"; got != plain.String() {
		t.Errorf("lines are garbled:\n%s", got)
	}
	if s.wrong != "" || len(s.line) != 0 {
		t.Errorf("escape %q, left over %q", s.wrong, string(s.line))
	}
	golden.File(t, "testdata/live.txt", strings.Join(seen, "\n")+"\n")
}

func TestLiveLineOfManyMachines(t *testing.T) {
	s := &screen{}
	term := NewTerminal(s, utc(Options{Live: true, Width: func() int { return 300 }}))
	for i := range 6 {
		m := boot.MAC{0x52, 0x54, 0, 0, 0, byte(i)}
		start, move := boots()[11], boots()[13]
		start.MAC, move.MAC = m, m
		feed(term.Observe, start, move)
	}
	line := string(s.line)
	for _, want := range []string{"6 machines fetch", "MiB/s", "52:54:00:00:00:03 initrd.img 33 %", "…"} {
		if !strings.Contains(line, want) {
			t.Errorf("%q is not in %q", want, line)
		}
	}
	// A machine that is silent for long is not shown for ever.
	term.Observe(timeline.Update{Time: began.Add(time.Hour)})
	if len(s.line) != 0 || len(s.lines) != 0 {
		t.Errorf("left over: %q %q", s.lines, string(s.line))
	}
}

func TestOthersWriteAboveTheLiveLine(t *testing.T) {
	s := &screen{}
	term := NewTerminal(s, utc(Options{Live: true}))
	feed(term.Observe, boots()[11], boots()[13])
	if len(s.line) == 0 {
		t.Fatal("no live line")
	}
	fmt.Fprintln(term, "a warning")
	if want := []string{"a warning"}; !slices.Equal(s.lines, want) || len(s.line) != 0 {
		t.Errorf("%q, then %q; want %q", s.lines, string(s.line), want)
	}
	fmt.Fprint(term, "unfinished")
	feed(term.Observe, boots()[11], boots()[13])
	if string(s.line) != "unfinished" {
		t.Errorf("the unfinished line became %q", string(s.line))
	}
	feed(term.Observe, boots()[17])
	if want := []string{"a warning", "unfinished", "12:01:28  52:54:00:aa:bb:01  up"}; !slices.Equal(s.lines, want) {
		t.Errorf("%q, want %q", s.lines, want)
	}
	feed(term.Observe, boots()[11], boots()[13])
	if err := term.Close(); err != nil || len(s.line) != 0 {
		t.Errorf("Close leaves %q, %v", string(s.line), err)
	}
}

func TestLongTransferIsReportedWithoutALiveLine(t *testing.T) {
	var b bytes.Buffer
	events := []timeline.Event{boots()[11]}
	for s := range 40 {
		events = append(events, at(7+float64(s), fetch(timeline.FetchProgress, timeline.RoleInitrd, "initrd.img", int64(s+1)<<20, 80<<20)))
	}
	feed(NewTerminal(&b, utc(Options{})).Observe, events...)
	want := "12:01:29  52:54:00:aa:bb:01  initrd initrd.img: 16 MiB of 80 MiB, 20 %, 1.0 MiB/s, 1 min 2 s left\n" +
		"12:01:44  52:54:00:aa:bb:01  initrd initrd.img: 31 MiB of 80 MiB, 38 %, 1.0 MiB/s, 48 s left\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestNothingOfTheNetworkReachesTheTerminalRaw(t *testing.T) {
	evil := "\x1b]0;owned\a\r\n\u202e\u009b2Jfile"
	events := boots()
	for i := range events {
		events[i].Name, events[i].Reason, events[i].Route, events[i].Err = evil, evil, evil, evil
		events[i].Client.Interface = evil
	}
	failed := at(30, fetch(timeline.FetchFailed, timeline.RoleInitrd, evil, 5, 10))
	failed.Err = evil
	events = append(events[:16], failed, at(60, timeline.Event{Kind: timeline.Ignored, Reason: evil}))
	s := &screen{}
	feed(NewTerminal(s, utc(Options{Live: true, Name: func(boot.MAC) string { return evil }})).Observe, events...)
	story := Attempt(feed(nil, events...))
	for _, text := range append(s.lines, strings.ReplaceAll(story, "\n", " ")) {
		if timeline.Clean(text) != text {
			t.Errorf("unprintable: %q", text)
		}
	}
	if s.wrong != "" || len(s.lines) == 0 {
		t.Errorf("the terminal got the escape %q", s.wrong)
	}
}

func TestColours(t *testing.T) {
	var plain, painted bytes.Buffer
	events := append(stalls(), boots()[17])
	feed(NewTerminal(&plain, utc(Options{})).Observe, events...)
	feed(NewTerminal(&painted, utc(Options{Colour: true})).Observe, events...)
	if strings.Contains(plain.String(), "\x1b") || !strings.Contains(painted.String(), "\x1b[31mstalled (no-dhcp-server)\x1b[0m") {
		t.Errorf("plain\n%q\npainted\n%q", plain.String(), painted.String())
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if o := Detect(null, func(string) string { return "" }); o.Colour || o.Live {
		t.Errorf("a file that is no terminal gets %+v", o)
	}
}

func TestDetectOnATerminal(t *testing.T) {
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatalf("no pseudo-terminal to look at: %v; mount devpts", err)
	}
	defer tty.Close()
	env := map[string]string{}
	get := func(name string) string { return env[name] }
	if o := Detect(tty, get); !o.Colour || !o.Live || o.Width() < 0 {
		t.Errorf("a terminal gets %+v", o)
	}
	env["NO_COLOR"] = "1"
	if o := Detect(tty, get); o.Colour || !o.Live {
		t.Errorf("NO_COLOR gets %+v", o)
	}
	env["TERM"] = "dumb"
	if o := Detect(tty, get); o.Live {
		t.Errorf("a dumb terminal gets %+v", o)
	}
}

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		want  []string
	}{
		{"one two three four five six", 20, []string{"one two three four", "five six"}},
		{"narrow terminals get it whole", 5, []string{"narrow terminals get it whole"}},
		{"a verylongwordthatdoesnotfitanywhere b", 20, []string{"a", "verylongwordthatdoesnotfitanywhere", "b"}},
	} {
		if got := wrap(test.text, test.width); !slices.Equal(got, test.want) {
			t.Errorf("%q at %d: %q", test.text, test.width, got)
		}
	}
	if got := cut("日本語日本語", 8); columns(got) > 8 || !strings.HasSuffix(got, "…") {
		t.Errorf("cut to %q, %d columns", got, columns(got))
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestTerminalThatIsGone(t *testing.T) {
	term := NewTerminal(broken{}, utc(Options{Live: true}))
	feed(term.Observe, boots()...)
	if _, err := io.WriteString(term, "x"); err == nil {
		t.Error("Write hides the error")
	}
}

func TestConcurrentWriters(t *testing.T) {
	term := NewTerminal(&screen{}, utc(Options{Live: true}))
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() { feed(term.Observe, boots()...) })
		group.Go(func() { fmt.Fprintln(term, "line") })
	}
	group.Wait()
}
