package report

import (
	"context"
	"log/slog"
	"time"

	"github.com/spurboot/spur/internal/timeline"
)

// Log returns an observer that writes one record per step: sub (dhcp, pxe,
// tftp, http, https or timeline), if, mac, step, and as far as they apply attempt,
// route, shape, file, role, bytes, total, needs, row, took (seconds), addr, server, reason, err.
// A verdict is a record of level WARN with step "verdict", cause, likely and
// hint; one that is no failure has level INFO.
func Log(l *slog.Logger) func(timeline.Update) {
	return func(u timeline.Update) {
		if u.Dropped > 0 {
			l.Warn("updates are missing here: the log is slow", "sub", "timeline", "dropped", u.Dropped)
		}
		for _, s := range u.Steps {
			l.LogAttrs(context.Background(), stepLevel(s), s.Text, stepAttrs(u, s)...)
		}
		if u.Verdict != nil {
			v := *u.Verdict
			l.LogAttrs(context.Background(), verdictLevel(v), timeline.Clean(v.Sentence), verdictAttrs(u, v)...)
		}
	}
}

func stepLevel(s timeline.Step) slog.Level {
	if s.Kind == timeline.NoAnswer || s.Kind == timeline.Memory || s.Kind == timeline.HandshakeFailed || s.Kind == timeline.FetchFailed && s.Role != timeline.RoleFile && s.Role != "" {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

func verdictLevel(v timeline.Verdict) slog.Level {
	if v.Info {
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// sub is the part of Spur that a step comes from.
func sub(s timeline.Step) string {
	switch s.Kind {
	case timeline.BootAsked, timeline.Answered:
		return "pxe"
	case timeline.HandshakeFailed:
		return "https"
	case timeline.Awaited, timeline.Memory, timeline.Paced, timeline.FetchStart, timeline.FetchProgress, timeline.FetchEnd, timeline.FetchFailed, timeline.SizeAsked, timeline.Mounted, timeline.Unmounted:
		if s.Proto != "" {
			return s.Proto
		}
		return "timeline"
	case timeline.Up:
		return "http"
	}
	if s.Proto == "http" && s.Kind == timeline.Asked {
		return "http"
	}
	return "dhcp"
}

// head is what every record begins with.
func head(sub, iface, mac, step string, attempt int) []slog.Attr {
	attrs := []slog.Attr{slog.String("sub", sub)}
	attrs = text(attrs, "if", iface)
	return append(attrs, slog.String("mac", mac), slog.String("step", step), slog.Int("attempt", attempt))
}

func stepAttrs(u timeline.Update, s timeline.Step) []slog.Attr {
	attrs := head(sub(s), s.Interface, u.Attempt.MAC.String(), string(s.Kind), u.Attempt.Number)
	attrs = text(attrs, "route", s.Route)
	attrs = text(attrs, "shape", s.Shape)
	attrs = text(attrs, "file", s.Name)
	attrs = text(attrs, "role", string(s.Role))
	attrs = number(attrs, "bytes", s.Bytes)
	attrs = number(attrs, "total", s.Total)
	attrs = number(attrs, "needs", s.Needs)
	attrs = text(attrs, "row", s.Row)
	if s.Took > 0 {
		attrs = append(attrs, slog.Float64("took", time.Duration(s.Took).Seconds()))
	}
	if s.Peer.IsValid() {
		attrs = append(attrs, slog.String("addr", s.Peer.String()))
	}
	if s.Server.IsValid() {
		attrs = append(attrs, slog.String("server", s.Server.String()))
	}
	attrs = text(attrs, "reason", s.Reason)
	return text(attrs, "err", s.Err)
}

func verdictAttrs(u timeline.Update, v timeline.Verdict) []slog.Attr {
	a := u.Attempt
	attrs := head("timeline", a.Interface, a.MAC.String(), "verdict", a.Number)
	attrs = append(attrs, slog.String("cause", string(v.Cause)), slog.String("likely", timeline.Clean(v.Likely)), slog.String("hint", timeline.Clean(v.Hint)))
	attrs = text(attrs, "route", a.Route)
	attrs = text(attrs, "blames", v.Blames)
	return text(attrs, "refused", v.Refused)
}

// text adds an attribute that has something to say.
func text(attrs []slog.Attr, key, value string) []slog.Attr {
	if value == "" {
		return attrs
	}
	return append(attrs, slog.String(key, timeline.Clean(value)))
}

func number(attrs []slog.Attr, key string, value int64) []slog.Attr {
	if value == 0 {
		return attrs
	}
	return append(attrs, slog.Int64(key, value))
}
