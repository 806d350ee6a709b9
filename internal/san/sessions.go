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

// session is what a client does, from beginning to end.
type session struct {
	log                             *Log
	who                             string
	began                           time.Time
	commands, read, written, failed atomic.Int64
	deviceErrors                    atomic.Int64
}

func (l *Log) session(who string) *session { return &session{log: l, who: who, began: time.Now()} }

// connected tells of a session that has begun, with one of several disks if there
// are.
func (s *session) connected(disk string) *session {
	line, facts := s.who+"  connected", []any{"step", "connected", "client", s.who}
	if disk != "" {
		line, facts = line+" to "+disk, append(facts, "disk", disk)
	}
	s.log.Say(slog.LevelInfo, line, facts...)
	return s
}

// count counts a command, and the bytes that went from the disk and to it.
func (s *session) count(read, written int64, failed bool) {
	s.commands.Add(1)
	s.read.Add(read)
	s.written.Add(written)
	if failed {
		s.failed.Add(1)
	}
}

// deviceError tells of the first error that came from the disk.
func (s *session) deviceError(err error) {
	if s.deviceErrors.Add(1) > 1 {
		return
	}
	line := fmt.Sprintf("%s  %v", s.who, err)
	if s.log.Advice != nil {
		if advice := s.log.Advice(err); advice != "" {
			line += " (" + advice + ")"
		}
	}
	s.log.Say(slog.LevelError, line, "step", "trouble", "client", s.who, "err", err.Error())
}

// ended tells of a session that has ended, and why if that was not by itself.
func (s *session) ended(why error) {
	took := time.Since(s.began)
	line := fmt.Sprintf("%s  read %s, wrote %s in %s, %s", s.who, size.Format(s.read.Load()), size.Format(s.written.Load()),
		size.Count(s.commands.Load(), "command"), size.Length(took))
	level, facts := slog.LevelInfo, []any{"step", "session", "client", s.who, "read", s.read.Load(), "written", s.written.Load(),
		"commands", s.commands.Load(), "failed", s.failed.Load(), "seconds", took.Seconds()}
	if n := s.failed.Load(); n > 0 {
		line += fmt.Sprintf("; %d failed", n)
		level = slog.LevelWarn
	}
	if why != nil {
		line += ": " + why.Error()
		level, facts = slog.LevelWarn, append(facts, "err", why.Error())
	}
	s.log.Say(level, line, facts...)
}
