package report

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/timeline"
)

// Options say how a Terminal writes.
type Options struct {
	// Colour paints with ANSI escapes.
	Colour bool
	// Live keeps a line of progress at the bottom.
	Live bool
	// Width is the number of columns that long sentences are wrapped at; nil
	// or zero columns: not at all.
	Width func() int
	// Name gives a machine's name; nil or an empty name means its MAC.
	Name func(boot.MAC) string
	// Location is the time zone of the times of day (time.Local).
	Location *time.Location
}

// Detect says how to write to f: in colour and live on a terminal that can do
// that, in plain lines to anything else. NO_COLOR (set to anything, see
// no-color.org) and TERM=dumb are obeyed.
func Detect(f *os.File, env func(string) string) Options {
	fd := int(f.Fd())
	if !term.IsTerminal(fd) || env("TERM") == "dumb" {
		return Options{}
	}
	return Options{
		Live:   true,
		Colour: env("NO_COLOR") == "",
		Width: func() int {
			width, _, err := term.GetSize(fd)
			if err != nil {
				return 0
			}
			return width
		},
	}
}

// Terminal writes the timeline in lines. Its methods are safe for concurrent
// use.
type Terminal struct {
	options Options

	mu           sync.Mutex
	w            io.Writer
	progressLine progressLine
	vain         vainRequests
	partial      bool // the last Write did not end its line
}

// NewTerminal returns a Terminal that writes to w.
func NewTerminal(w io.Writer, o Options) *Terminal {
	if o.Location == nil {
		o.Location = time.Local
	}
	return &Terminal{w: w, options: o, progressLine: newProgressLine(), vain: vainRequests{}}
}

// Observe writes what is new in u.
func (t *Terminal) Observe(u timeline.Update) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines strings.Builder
	if u.Dropped > 0 {
		t.progressLine.forget()
		fmt.Fprintf(&lines, "%s  %s\n", t.clock(u.Time), t.paint(faint, fmt.Sprintf("(%d updates are missing here: this terminal is slow)", u.Dropped)))
	}
	lines.WriteString(t.vainLine(u))
	for _, s := range u.Steps {
		lines.WriteString(t.line(u, s.Time, t.stepText(s)))
	}
	if u.Verdict != nil {
		lines.WriteString(t.verdict(u))
	}
	note := t.progressLine.follow(u)
	if !t.options.Live && note.due {
		lines.WriteString(t.line(u, u.Time, t.paint(faint, note.text)))
	}
	t.show(lines.String(), u.Time)
}

// Write writes somebody else's lines above the line of progress.
func (t *Terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.print(t.erase() + string(p)); err != nil {
		return 0, err
	}
	if len(p) > 0 {
		t.partial = p[len(p)-1] != '\n'
	}
	return len(p), nil
}

// Close takes the line of progress away. The terminal can still be written to.
func (t *Terminal) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.progressLine.forget()
	return t.print(t.erase())
}

// clock is the time of day.
func (t *Terminal) clock(at time.Time) string {
	return t.paint(faint, at.In(t.options.Location).Format(time.TimeOnly))
}

// name is the machine's name, or its MAC.
func (t *Terminal) name(mac boot.MAC) string {
	if t.options.Name != nil {
		if name := t.options.Name(mac); name != "" {
			return timeline.Clean(name)
		}
	}
	return mac.String()
}

func (t *Terminal) line(u timeline.Update, at time.Time, text string) string {
	return t.clock(at) + "  " + t.paint(bold, t.name(u.Attempt.MAC)) + "  " + text + "\n"
}

func (t *Terminal) stepText(s timeline.Step) string {
	switch s.Kind {
	case timeline.Up, timeline.OSAsked, timeline.Mounted:
		return t.paint(green, s.Text)
	case timeline.Ignored:
		return t.paint(faint, s.Text)
	case timeline.NoAnswer, timeline.HandshakeFailed:
		return t.paint(yellow, s.Text)
	case timeline.FetchFailed:
		if s.Role != timeline.RoleFile && s.Role != "" {
			return t.paint(yellow, s.Text)
		}
		return t.paint(faint, s.Text)
	}
	return s.Text
}

// verdict writes what stalls the boot, the likely cause, and what to do.
func (t *Terminal) verdict(u timeline.Update) string {
	indent := strings.Repeat(" ", len(time.TimeOnly)+2)
	width := 0
	if t.options.Width != nil {
		width = t.options.Width()
	}
	var b strings.Builder
	v := u.Verdict
	b.WriteString(t.line(u, u.Time, t.paint(verdictColour(*v), verdictWord(*v))))
	for _, part := range verdictParts(*v) {
		for i, line := range wrap(part.text, width-len(indent)-len(part.label)) {
			label := part.label
			if i > 0 {
				label = strings.Repeat(" ", len(label))
			}
			b.WriteString(indent + t.paint(faint, label) + line + "\n")
		}
	}
	return b.String()
}
