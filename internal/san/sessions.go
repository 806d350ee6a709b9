package san

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/size"
)

// Log tells of sessions: in lines for people, or in records.
type Log struct {
	Out    io.Writer
	Logger *slog.Logger // nil for people
	// Advice, if set, is what to do about an error of a disk; "" is nothing.
	Advice func(err error) string

	mu sync.Mutex // one line at a time
}

// Say writes one line for people, or one record with the same facts.
func (l *Log) Say(level slog.Level, line string, facts ...any) {
	if l.Logger != nil {
		l.Logger.Log(context.Background(), level, line, facts...)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = io.WriteString(l.Out, printable.Line(line)+"\n")
}

// connected tells of a session that has begun, with one of several disks if there
// are.
func (l *Log) connected(who, disk string) {
	line, facts := who+"  connected", []any{"step", "connected", "client", who}
	if disk != "" {
		line, facts = line+" to "+disk, append(facts, "disk", disk)
	}
	l.Say(slog.LevelInfo, line, facts...)
}

// deviceError tells of the first error of a session that came from the disk.
func (l *Log) deviceError(who string, t *tally, err error) {
	if t.deviceErrors.Add(1) > 1 {
		return
	}
	line := fmt.Sprintf("%s  %v", who, err)
	if l.Advice != nil {
		if advice := l.Advice(err); advice != "" {
			line += " (" + advice + ")"
		}
	}
	l.Say(slog.LevelError, line, "step", "trouble", "client", who, "err", err.Error())
}

// refused tells of a client that had no session.
func (l *Log) refused(who, why string) {
	l.Say(slog.LevelWarn, fmt.Sprintf("%s  refused: %s", who, why), "step", "refused", "client", who, "err", why)
}

// notOpened tells that a disk could not be opened for a client, which isn't told
// why: that is about files of this host.
func (l *Log) notOpened(who, volume string, err error) error {
	l.Say(slog.LevelError, fmt.Sprintf("%s  %s can't be opened: %v", who, volume, err), "step", "trouble", "client", who, "disk", volume, "err", err.Error())
	return fmt.Errorf("%s can't be opened; the server's messages say why", volume)
}

// tally counts what a session does.
type tally struct {
	began                           time.Time
	commands, read, written, failed atomic.Int64
	deviceErrors                    atomic.Int64
}

func newTally() *tally { return &tally{began: time.Now()} }

// ended tells of a session that has ended, and why if that was not by itself.
func (l *Log) ended(who string, t *tally, why error) {
	took := time.Since(t.began)
	line := fmt.Sprintf("%s  read %s, wrote %s in %s, %s", who, size.Format(t.read.Load()), size.Format(t.written.Load()),
		size.Count(t.commands.Load(), "command"), took.Round(time.Millisecond))
	level, facts := slog.LevelInfo, []any{"step", "session", "client", who, "read", t.read.Load(), "written", t.written.Load(),
		"commands", t.commands.Load(), "failed", t.failed.Load(), "seconds", took.Seconds()}
	if n := t.failed.Load(); n > 0 {
		line += fmt.Sprintf("; %d failed", n)
		level = slog.LevelWarn
	}
	if why != nil {
		line += ": " + why.Error()
		level, facts = slog.LevelWarn, append(facts, "err", why.Error())
	}
	l.Say(level, line, facts...)
}
