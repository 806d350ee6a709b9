package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/internal/printable"
)

// voice tells of sessions: in lines for people, or in records.
type voice struct {
	out io.Writer
	log *slog.Logger // nil for people

	mu sync.Mutex // one line at a time
}

// say writes one line for people, or one record with the same facts.
func (v *voice) say(level slog.Level, line string, facts ...any) {
	if v.log != nil {
		v.log.Log(context.Background(), level, line, facts...)
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	_, _ = io.WriteString(v.out, printable.Line(line)+"\n")
}

// ready says what is served, and where.
func (v *voice) ready(d *Disk, over Protocol, at string) {
	how := ""
	if d.Caps().ReadOnly {
		how = ", read-only"
	}
	v.say(slog.LevelInfo, fmt.Sprintf("Spur serves %s (%s, %s%s) at %s", d.Files[0], d.Format, FormatSize(d.Size()), how, at),
		"step", "ready", "file", d.Files[0], "format", string(d.Format), "size", d.Size(), "over", string(over), "at", at)
	if d.Unclosed && !d.Caps().ReadOnly && d.Recovered == 0 && d.Lost == nil {
		v.say(slog.LevelInfo, d.Files[0]+" wasn't closed: all that was written was in it already, and its reference counts were made anew",
			"step", "recovered", "file", d.Files[0], "clusters", 0)
	}
	if d.Recovered > 0 {
		v.say(slog.LevelInfo, fmt.Sprintf("%s wasn't closed: what was written last was brought back, %s", d.Files[0], count(int64(d.Recovered), "cluster")),
			"step", "recovered", "file", d.Files[0], "clusters", d.Recovered)
	}
	if d.Lost != nil {
		v.say(slog.LevelWarn, fmt.Sprintf("%s wasn't closed, and what was written last and not flushed may be missing: %v", d.Files[0], d.Lost),
			"step", "lost", "file", d.Files[0], "err", d.Lost.Error())
	}
	if d.Unsafe != nil {
		v.say(slog.LevelWarn, fmt.Sprintf("%s has no journal: if Spur is killed, what wasn't flushed is lost: %v", d.Files[0], d.Unsafe),
			"step", "unsafe", "file", d.Files[0], "err", d.Unsafe.Error())
	}
}

// journal tells that the journal of a file can't be written, or can again.
func (v *voice) journal(file string, err error) {
	if err == nil {
		v.say(slog.LevelInfo, file+": its journal can be written again", "step", "journal", "file", file)
		return
	}
	v.say(slog.LevelWarn, fmt.Sprintf("%s: its journal can't be written, so that each write that takes space is flushed, which is slower: %v", file, err),
		"step", "journal", "file", file, "err", err.Error())
}

// began tells of a session that has begun, with one of several disks if there
// are.
func (v *voice) began(who, disk string) {
	line, facts := who+"  connected", []any{"step", "connected", "client", who}
	if disk != "" {
		line, facts = line+" to "+disk, append(facts, "disk", disk)
	}
	v.say(slog.LevelInfo, line, facts...)
}

// trouble tells of the first error of a session that came from the disk.
func (v *voice) trouble(who string, t *tally, err error) {
	if t.troubles.Add(1) > 1 {
		return
	}
	line := fmt.Sprintf("%s  %v", who, err)
	if errors.Is(err, block.ErrNoSpace) {
		line += " (make room where the image is; what was refused wasn't written)"
	} else if errors.Is(err, qcow2.ErrMarked) {
		line += " (nothing is written to the image any more; copy what can be read by spur disk convert, or repair it by qemu-img check -r all)"
	}
	if errors.As(err, new(diskimage.DisguiseError)) {
		line += " (--format raw lets it be written)"
	}
	v.say(slog.LevelError, line, "step", "trouble", "client", who, "err", err.Error())
}

// refused tells of a client that had no session.
func (v *voice) refused(who string, why error) {
	v.say(slog.LevelWarn, fmt.Sprintf("%s  refused: %v", who, why), "step", "refused", "client", who, "err", why.Error())
}

// tally counts what a session does.
type tally struct {
	began                           time.Time
	commands, read, written, failed atomic.Int64
	troubles                        atomic.Int64
}

func newTally() *tally { return &tally{began: time.Now()} }

// over tells of a session that has ended, and why if that was not by itself.
func (v *voice) over(who string, t *tally, why error) {
	took := time.Since(t.began)
	line := fmt.Sprintf("%s  read %s, wrote %s in %s, %s", who, FormatSize(t.read.Load()), FormatSize(t.written.Load()),
		count(t.commands.Load(), "command"), took.Round(time.Millisecond))
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
	v.say(level, line, facts...)
}
