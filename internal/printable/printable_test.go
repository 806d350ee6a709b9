package printable_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/spurboot/spur/internal/printable"
)

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"vmlinuz":               "vmlinuz",
		"käse 日本":               "käse 日本",
		"vm\xfc":                `vm\xfc`,
		"\x1b]0;title\x07":      `\x1b]0;title\x07`,
		"a\nb\tc\x00":           `a\x0ab\x09c\x00`,
		"\u009b31m\u202egnp.x":  `\u009b31m\u202egnp.x`,
		"\ufffd is a character": "\ufffd is a character",
	} {
		if got := printable.Line(in); got != want {
			t.Errorf("%q is %s, want %s", in, got, want)
		}
	}
	if got := printable.Text("a\nb\tc\rd"); got != "a\nb\tc\\x0dd" {
		t.Errorf("text is %q", got)
	}
}

func TestAttr(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: printable.Attr}))
	log.Info("x\u009by", "name", "a\u202eb", "err", errors.New("c\x1bd"), "n", 5)
	if strings.ContainsFunc(out.String(), func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		t.Errorf("record %q", out.String())
	}
	if !strings.Contains(out.String(), `"n":5`) || !strings.Contains(out.String(), `"level":"INFO"`) || !strings.Contains(out.String(), `c\\x1bd`) {
		t.Errorf("record %s", out.String())
	}
}

func FuzzLine(f *testing.F) {
	f.Add("a\x1b\xff\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		got := printable.Line(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q is %q", s, got)
		}
	})
}

// Text has letters of any script, may end within one, and has no byte that only programs have.
func TestIsText(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "a\r\n\tb\f": true, "ä€😀": true, "ä€😀"[:6]: true, "a\x00": false, "\xeb\x58\x90": false, "a\xff b and more": false, "a\x7f": false, "\x1b[1m": false,
	} {
		if got := printable.IsText([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
