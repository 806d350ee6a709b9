package lab

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPlain(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"colour", "\x1b[0;1miPXE\x1b[0m -- \x1b[0;36mhttp", "iPXE -- http"},
		{"seabios", "\x1bc\x1b[?7l\x1b[2J\x1b[0mSeaBIOS\r\nMachine", "SeaBIOS\nMachine"},
		{"edk2", "a\x1b[2J\x1b[01;01H\x1b[=3hb", "a\nb"},
		{"progress", "1%\r2%\r3%", "1%\n2%\n3%"},
		{"rubbed out", "Press\b \b\b \b\b \b\b \b\b \bnet0", "net0"},
		{"no rubbing over a line", "a\n\bb", "a\nb"},
		{"character set", "\x1b(Bx", "x"},
		{"bell and NUL", "a\a\x00b", "ab"},
		{"UTF-8 and tab", "é\tß", "é\tß"},
		{"empty lines", "a\r\n\r\n\r\nb", "a\nb"},
	}
	for _, test := range tests {
		var whole plain
		if got := string(whole.append(nil, []byte(test.in))); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		var pieces plain
		var got []byte
		for _, b := range []byte(test.in) {
			got = pieces.append(got, []byte{b})
		}
		if string(got) != test.want {
			t.Errorf("%s, byte by byte: %q, want %q", test.name, got, test.want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add([]byte("\x1b[0;1miPXE\x1b[0m\r\n\b"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var p plain
		for _, c := range p.append(nil, in) {
			if c < ' ' && c != '\n' && c != '\t' {
				t.Errorf("%q leaves %q", in, c)
			}
		}
		if len(p.params) > maxParams {
			t.Errorf("%d parameters kept", len(p.params))
		}
	})
}

func TestConsoleWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConsole("port")
		go func() {
			time.Sleep(time.Second)
			c.Write([]byte("first at=[1"))
			time.Sleep(time.Second)
			c.Write([]byte("] done\r\nsecond at=[2]\n"))
			time.Sleep(time.Second)
			c.close()
		}()
		ctx := t.Context()
		m, err := c.WaitFor(ctx, `at=\[(.*)\]( never)?`)
		if err != nil || m.Groups[0] != "1" || m.Groups[1] != "" {
			t.Errorf("%+v, %v", m, err)
		}
		if m, err = c.WaitAfter(ctx, m.End, `at=\[(.*)\]`); err != nil || m.Groups[0] != "2" {
			t.Errorf("%+v, %v", m, err)
		}
		_, err = c.WaitAfter(ctx, m.End, `at=`)
		if !errors.Is(err, ErrEnded) || !strings.Contains(err.Error(), "    | second at=[2]") || !strings.Contains(err.Error(), "port") {
			t.Errorf("error %v", err)
		}
		if _, err := c.WaitFor(ctx, "("); err == nil {
			t.Error("a broken pattern was waited for")
		}
	})
}

func TestConsoleWaitEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := newConsole("port").WaitFor(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}

func TestConsoleIsBounded(t *testing.T) {
	c := newConsole("port")
	line := []byte(strings.Repeat("x", 99) + "\n")
	for range 3 * consoleBytes / len(line) {
		c.Write(line)
	}
	if n := len(c.String()); n > 2*consoleBytes {
		t.Errorf("%d bytes kept", n)
	}
	place := c.Mark()
	c.Write([]byte("the end\n"))
	if m, err := c.WaitAfter(t.Context(), place, "^the end$|^the end"); err != nil || m.End != place+7 {
		t.Errorf("%+v, %v", m, err)
	}
	if got := c.Tail(2); got != strings.Repeat("x", 99)+"\nthe end" {
		t.Errorf("tail %q", got)
	}
}

func TestConsoleCopies(t *testing.T) {
	c := newConsole("port")
	var copied strings.Builder
	c.Write([]byte("before"))
	stop := c.CopyTo(&copied)
	c.Write([]byte("\x1b[1mraw\r\n"))
	stop()
	c.Write([]byte("after"))
	if got := copied.String(); got != "\x1b[1mraw\r\n" {
		t.Errorf("copied %q", got)
	}
}
