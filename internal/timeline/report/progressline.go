package report

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/timeline"
)

const (
	// longTransfer is how long a transfer runs before its progress is shown:
	// shorter ones would only flicker.
	longTransfer = time.Second
	// redrawEvery keeps the line calm, and a slow serial console usable.
	redrawEvery = 100 * time.Millisecond
	// reportEvery is how often a long transfer gets a line of its own where
	// there is no line of progress.
	reportEvery = 15 * time.Second
	// maxLive bounds the transfers that are followed.
	maxLive = 1024
	// staleAfter forgets a transfer whose end was never told.
	staleAfter = time.Minute
)

// progressLine follows the transfers that are under way.
type progressLine struct {
	transfers map[boot.MAC]followedTransfer
	drawn     bool // the line is on the screen
	at        time.Time
}

// followedTransfer is the latest transfer of one machine.
type followedTransfer struct {
	timeline.Transfer
	reported time.Time
}

// progressUpdate is what a progressLine makes of an update.
type progressUpdate struct {
	due  bool // a line of text is due where progress cannot be shown
	text string
}

func newProgressLine() progressLine {
	return progressLine{transfers: make(map[boot.MAC]followedTransfer)}
}

func (l *progressLine) forget() { clear(l.transfers) }

// follow follows the transfer that u tells of. A machine that stalls or goes on
// to something else fetches nothing any more.
func (l *progressLine) follow(u timeline.Update) progressUpdate {
	mac := u.Attempt.MAC
	p := u.Progress
	if u.Verdict != nil || p != nil && !p.Running() {
		delete(l.transfers, mac)
		return progressUpdate{}
	}
	if p == nil {
		return progressUpdate{}
	}
	f, known := l.transfers[mac]
	if !known && len(l.transfers) >= maxLive {
		return progressUpdate{}
	}
	if !known || f.Name != p.Name || f.Role != p.Role {
		f.reported = p.Start
	}
	f.Transfer = *p
	due := u.Time.Sub(f.reported) >= reportEvery
	if due {
		f.reported = u.Time
	}
	l.transfers[mac] = f
	return progressUpdate{due: due, text: progressText(f.Transfer)}
}

// long lists the machines whose transfer takes long, the latest to start first.
func (l *progressLine) long(now time.Time) []boot.MAC {
	var macs []boot.MAC
	for mac, f := range l.transfers {
		switch {
		case now.Sub(f.Last) > staleAfter:
			delete(l.transfers, mac)
		case f.Took() >= longTransfer:
			macs = append(macs, mac)
		}
	}
	slices.SortFunc(macs, func(a, b boot.MAC) int {
		if c := l.transfers[b].Start.Compare(l.transfers[a].Start); c != 0 {
			return c
		}
		return strings.Compare(a.String(), b.String())
	})
	return macs
}

// show writes lines, and the line of progress below them.
func (t *Terminal) show(lines string, now time.Time) {
	if t.partial && lines != "" {
		lines, t.partial = "\n"+lines, false
	}
	if !t.options.Live {
		_ = t.print(lines)
		return
	}
	macs := t.progressLine.long(now)
	calm := now.Sub(t.progressLine.at) < redrawEvery && now.After(t.progressLine.at)
	if lines == "" && (calm && len(macs) > 0 || !t.progressLine.drawn && len(macs) == 0) {
		return
	}
	out := t.erase() + lines
	if len(macs) > 0 && !t.partial {
		out += "\r" + t.paint(faint, cut(t.progress(macs), t.room())) + "\x1b[K"
		t.progressLine.drawn, t.progressLine.at = true, now
	}
	_ = t.print(out)
}

// erase takes the line of progress away.
func (t *Terminal) erase() string {
	if !t.progressLine.drawn {
		return ""
	}
	t.progressLine.drawn = false
	return "\r\x1b[K"
}

// room is how many columns the line of progress may take: one less than there
// are, because the cursor in the last column wraps on some terminals.
func (t *Terminal) room() int {
	width := 0
	if t.options.Width != nil {
		width = t.options.Width()
	}
	if width <= 0 {
		width = 80
	}
	return max(width-1, 10)
}

// print writes in one call, so that others' output cannot come in between. A
// terminal that is gone is nobody's loss: the caller may ignore the error.
func (t *Terminal) print(s string) error {
	if s == "" {
		return nil
	}
	_, err := io.WriteString(t.w, s)
	return err
}
