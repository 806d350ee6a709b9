package disk

import (
	"fmt"
	"io"
	"time"

	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/size"
)

// Progress is a line on a terminal that is written anew as a copy goes on.
type Progress struct {
	out         io.Writer
	what        string
	began, told time.Time
	width       int // of the line that is there
	copied      int64
}

// often is how often the line changes.
const often = 200 * time.Millisecond

// NewProgress begins to tell of a copy.
func NewProgress(out io.Writer, what string) *Progress {
	return &Progress{out: out, what: printable.Line(what), began: time.Now()}
}

// Tell is for ConvertOptions.Progress.
func (p *Progress) Tell(done, all, copied int64) {
	p.copied = copied
	now := time.Now()
	if now.Sub(p.told) < often {
		return
	}
	p.told = now
	p.line(progressLine(p.what, done, all, copied, now.Sub(p.began)))
}

// Done takes the line away, and says in its place what was copied.
func (p *Progress) Done(err error) {
	fmt.Fprintf(p.out, "\r%*s\r", p.width, "")
	if err == nil {
		fmt.Fprintf(p.out, "%s  %s of data copied in %s\n", p.what, size.Format(p.copied), size.Length(time.Since(p.began)))
	}
}

func (p *Progress) line(text string) {
	fmt.Fprintf(p.out, "\r%-*s", p.width, text)
	p.width = max(p.width, len(text))
}

// progressLine says how far a copy is, and how long it will take if it goes on
// as it did.
func progressLine(what string, done, all, copied int64, took time.Duration) string {
	if all == 0 || done == 0 {
		return what
	}
	seconds := max(took.Seconds(), 0.001)
	text := fmt.Sprintf("%s  %3d %%  %s of data, %s/s", what, int(float64(done)/float64(all)*100), size.Format(copied), size.Format(int64(float64(copied)/seconds)))
	if left := time.Duration(float64(took) / float64(done) * float64(all-done)); left >= time.Second && took > time.Second {
		text += fmt.Sprintf(", %s left", size.Length(left))
	}
	return text
}
