package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
)

// Console keeps what a machine's serial port or a process wrote: the latest
// part as it came, and as plain text to match patterns against. It is bounded;
// old text is forgotten. All methods may be used at the same time.
type Console struct {
	name string

	mu      sync.Mutex
	text    []byte // plain text, at most consoleBytes and some
	dropped int64  // bytes of plain text forgotten so far
	filter  plain
	changed chan struct{} // closed and replaced whenever text grows
	closed  bool
	copies  map[io.Writer]struct{}
}

// consoleBytes is how much plain text a Console remembers: some screens of
// kernel messages. tailLines is how much of it an error shows.
const (
	consoleBytes = 512 << 10
	tailLines    = 40
)

// ErrEnded says that a console ended, because its machine or process did,
// before the awaited text came.
var ErrEnded = errors.New("ended before that")

func newConsole(name string) *Console {
	return &Console{name: name, changed: make(chan struct{}), copies: map[io.Writer]struct{}{}}
}

// A Match is text that a pattern was found in.
type Match struct {
	Text   string   // what the pattern matched
	Groups []string // what its groups matched
	End    int64    // where the match ends; give it to WaitAfter
}

// Write adds output; it never fails. Copies get the bytes as they are.
func (c *Console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = c.filter.append(c.text, p)
	if over := len(c.text) - consoleBytes; over > consoleBytes/4 {
		c.text = append(c.text[:0], c.text[over:]...)
		c.dropped += int64(over)
	}
	for w := range c.copies {
		if _, err := w.Write(p); err != nil {
			delete(c.copies, w)
		}
	}
	c.wake()
	return len(p), nil
}

// close marks the end of the output and wakes everyone who waits.
func (c *Console) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.wake()
}

func (c *Console) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// CopyTo sends what comes from now on also to w, byte for byte, until stop is
// called or a write fails. A slow w slows the machine or process down.
func (c *Console) CopyTo(w io.Writer) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.copies[w] = struct{}{}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.copies, w)
	}
}

// WaitFor waits until the regular expression matches what was written, from
// the beginning (as far as it is remembered). The error names the pattern and
// ends with the last lines of the console.
func (c *Console) WaitFor(ctx context.Context, pattern string) (Match, error) {
	return c.WaitAfter(ctx, 0, pattern)
}

// WaitAfter is WaitFor, but what was written before a place is not looked at:
// 0, the End of an earlier Match or a Mark.
func (c *Console) WaitAfter(ctx context.Context, place int64, pattern string) (Match, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return Match{}, fmt.Errorf("pattern to wait for on %s: %w", c.name, err)
	}
	for {
		match, found, ended, changed := c.find(re, place)
		if found {
			return match, nil
		}
		if ended {
			return Match{}, c.failure(pattern, ErrEnded)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Match{}, c.failure(pattern, context.Cause(ctx))
		}
	}
}

func (c *Console) find(re *regexp.Regexp, place int64) (m Match, found, ended bool, changed <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	from := min(max(place-c.dropped, 0), int64(len(c.text)))
	at := re.FindSubmatchIndex(c.text[from:])
	if at == nil {
		return Match{}, false, c.closed, c.changed
	}
	m.End = c.dropped + from + int64(at[1])
	m.Text = string(c.text[from:][at[0]:at[1]])
	for i := 2; i < len(at); i += 2 {
		group := ""
		if at[i] >= 0 {
			group = string(c.text[from:][at[i]:at[i+1]])
		}
		m.Groups = append(m.Groups, group)
	}
	return m, true, false, nil
}

func (c *Console) failure(pattern string, err error) error {
	return fmt.Errorf("waiting for %q on %s: %w\n%s", pattern, c.name, err, indent(c.Tail(tailLines)))
}

// Mark is the place where the next output will begin.
func (c *Console) Mark() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dropped + int64(len(c.text))
}

// String is all the plain text that is remembered.
func (c *Console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.text)
}

// Tail is the last n lines of plain text.
func (c *Console) Tail(n int) string {
	lines := strings.Split(strings.TrimRight(c.String(), "\n"), "\n")
	return strings.Join(lines[max(len(lines)-n, 0):], "\n")
}

func indent(s string) string {
	return "    | " + strings.ReplaceAll(s, "\n", "\n    | ")
}
