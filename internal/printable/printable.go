// Package printable makes text of strangers fit to be shown: what machines,
// servers and file systems call things may hold bytes that would move the
// cursor, change the title or turn the writing of whoever looks at it. It also tells
// whether bytes are text at all.
package printable

import (
	"fmt"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line is text for one line: whatever is not printable (control characters,
// but also those that turn the direction of writing, and bytes that are no
// UTF-8) is shown as an escape.
func Line(s string) string { return escape(s, "") }

// Text is Line for text of several lines, which may have tabs.
func Text(s string) string { return escape(s, "\n\t") }

func escape(s, keep string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case unicode.IsPrint(r) || strings.ContainsRune(keep, r):
			b.WriteString(s[:n])
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		s = s[n:]
	}
	return b.String()
}

// IsText tells whether b, whose last rune may be cut, is text.
func IsText(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return len(b) < utf8.UTFMax && !utf8.FullRune(b)
		}
		if r < ' ' && !strings.ContainsRune("\t\r\n\f", r) || r == 0x7f {
			return false
		}
		b = b[n:]
	}
	return true
}

// Attr is for slog.HandlerOptions.ReplaceAttr: it makes a record's texts and
// errors lines. JSON alone escapes neither the second set of control characters
// nor those that turn the direction of writing.
func Attr(_ []string, a slog.Attr) slog.Attr {
	switch value := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(Line(value))
	case error:
		a.Value = slog.StringValue(Line(value.Error()))
	}
	return a
}
