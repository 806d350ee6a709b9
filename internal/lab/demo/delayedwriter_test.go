package demo

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/advice"
)

func TestDelayedWriter(t *testing.T) {
	var b strings.Builder
	h := &delayedWriter{w: &b}
	_, _ = h.Write([]byte("one\n"))
	if b.Len() > 0 {
		t.Errorf("wrote %q", b.String())
	}
	if err := h.release(); err != nil {
		t.Error(err)
	}
	_, _ = h.Write([]byte("two\n"))
	if b.String() != "one\ntwo\n" {
		t.Errorf("wrote %q", b.String())
	}
}

// A Spur that doesn't start is told of in its own words, once.
func TestNotStarted(t *testing.T) {
	for words, want := range map[string][2]string{
		"spur: there is no file x\n      check its name\n":    {"there is no file x", "check its name"},
		"warning: y\nspur: port 80 is in use\n      choose\n": {"port 80 is in use", "choose"},
		"spur: alone":      {"alone", ""},
		"panic: at once\n": {"spur did not start: panic: at once", ""},
	} {
		if err := notStarted(words); err.Error() != want[0] || advice.Of(err) != want[1] {
			t.Errorf("%q: %v, %q", words, err, advice.Of(err))
		}
	}
}
