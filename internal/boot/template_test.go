package boot

import (
	"strings"
	"testing"
)

func TestCmdline(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "console=ttyS0 quiet", "console=ttyS0 quiet"},
		{"file", `cfg={{ ID "/a b/c.yaml" }} x`, "cfg=<</a b/c.yaml>> x"},
		{"other name", `cfg={{ URL "http://h/c" }}`, "cfg=<<http://h/c>>"},
		{"tight", `{{ID "a"}}{{URL "b"}}`, "<<a>><<b>>"},
		{"raw string", "u={{ URL `http://h/\"x` }}", `u=<<http://h/"x>>`},
		{"escaped", `u={{ URL "a\"b" }}`, `u=<<a"b>>`},
		{"trimmed", "a= {{- URL \"b\" -}} ,c {{ URL \"d\" }} e", "a=<<b>>,c <<d>> e"},
		{"beacon", "spur.up={{ UP }} y", "spur.up=BEACON y"},
		{"line breaks", "a\nb\r\nc", "a b c"},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := ParseCmdline(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Expand(bracketed, "BEACON"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func bracketed(f File) string { return "<<" + f.Source + ">>" }

func TestCmdlineRefuses(t *testing.T) {
	for _, in := range []string{`{{ FILE "x" }}`, `{{ ID x }}`, `{{ ID "" }}`, `{{`, `a {{ range }} b`, `{{ BAD }} x={{ UP }}`} {
		if _, err := ParseCmdline(in); err == nil {
			t.Errorf("%q was accepted", in)
		}
	}
}

func FuzzParseCmdline(f *testing.F) {
	f.Add(`a={{ ID "x" }} {{ UP }} {{ URL "y" }}`)
	f.Add("{{{{ UP }}}}")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCmdline(s)
		if err != nil {
			return
		}
		if got := c.Expand(func(File) string { return "F" }, "B"); strings.ContainsAny(got, "\n\r\x00") {
			t.Errorf("%q expands to more than one line: %q", s, got)
		}
	})
}

func TestMapFiles(t *testing.T) {
	c, err := ParseCmdline(`a={{ ID "x" }} b={{ UP }}`)
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.MapFiles(func(s string) (string, error) { return "/abs/" + s, nil })
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Expand(bracketed, "U"); got != "a=<</abs/x>> b=U" {
		t.Errorf("got %q", got)
	}
	if got := c.Expand(bracketed, "U"); got != "a=<<x>> b=U" {
		t.Errorf("the original changed: %q", got)
	}
}
