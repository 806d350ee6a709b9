package inventory

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/golden"
)

// Each file of testdata/bad has one error, with its place and what to do.
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			_, err := Parse("machines.yaml", read(t, file))
			if err == nil {
				t.Fatal("no error")
			}
			if advice.Of(err) == "" {
				t.Error("it doesn't say what to do")
			}
			golden.File(t, strings.TrimSuffix(file, ".yaml")+".golden", err.Error()+"\n"+advice.Of(err)+"\n")
		})
	}
}

func TestGoodFile(t *testing.T) {
	i, err := Parse("machines.yaml", read(t, "testdata/good/all.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, r := range i.Rows {
		fmt.Fprintf(&b, "%s once=%v", i.Line(r.At), r.Once)
		for _, patterns := range r.kinds() {
			fmt.Fprint(&b, " [")
			for _, p := range patterns {
				fmt.Fprintf(&b, " %s", p.Text)
			}
			fmt.Fprint(&b, " ]")
		}
		fmt.Fprintf(&b, " %v %v\n  %+v\n", r.Arch, r.Firmware, r.Target)
	}
	golden.File(t, "testdata/good/all.golden", b.String())
}

// A byte order mark at the beginning is as if it weren't there.
func TestByteOrderMark(t *testing.T) {
	i, err := Parse("machines.yaml", append([]byte("\xef\xbb\xbf"), read(t, "testdata/good/all.yaml")...))
	if err != nil || len(i.Rows) != 6 {
		t.Errorf("%v; %+v", err, i)
	}
}

func TestLargeFiles(t *testing.T) {
	row := func(n int) string {
		return fmt.Sprintf("  - mac: 52:54:00:%02x:%02x:%02x\n    boot: k\n", n>>16, n>>8&255, n&255)
	}
	many := func(n int) string {
		var b strings.Builder
		b.WriteString("machines:\n")
		for i := range n {
			b.WriteString(row(i))
		}
		return b.String()
	}
	globs := "machines:\n"
	for i := range globsMost + 1 {
		globs += fmt.Sprintf("  - mac: \"52:%02x:%02x:*\"\n    boot: k\n", i>>8, i&255)
	}
	lists := func(rows int, ending string) string {
		var b strings.Builder
		b.WriteString("machines:\n")
		for i := range rows {
			b.WriteString("  - boot: k\n    serial: [")
			for j := range valuesMost {
				fmt.Fprintf(&b, "x%04d%03d%s,", i, j, ending)
			}
			b.WriteString("]\n")
		}
		return b.String()
	}
	for text, want := range map[string]string{
		lists(triedMost/valuesMost+1, "*"):                                       "have more than 2000 values",
		lists(namesMost/valuesMost+1, ""):                                        "more than 50000 MACs",
		strings.Repeat("#", FileMost+1):                                          "more than 2 MiB",
		many(RowsMost + 1):                                                       "more than 10000 rows",
		globs:                                                                    "more than 1000 rows are known by globs",
		"machines: [" + strings.Repeat("{", 1<<20):                               "too deep",
		"machines:\n" + strings.Repeat("- ", 1<<19):                              "too deep",
		"machines:\n" + strings.Repeat("? ", 1<<19):                              "too deep",
		"machines:\n  - mac: [" + strings.Repeat("x,", 2000) + "]":               "2000 values",
		"profiles:\n" + strings.Repeat("  k: v\n", keysMost+1):                   "too long",
		"machines: [" + strings.Repeat("{a: b}, ", keysMost+2):                   "too long",
		"machines:" + strings.Repeat("\n - a: [&b, &c]", marksMost):              "too many words begin with a mark",
		"machines:\n  - mac: a\n" + strings.Repeat("#\n", 1<<19) + "     b: c\n": "indented",
		"machines:\n  - a: b\n" + strings.Repeat("\n", 1<<19) + "   c: d\n":      "indented",
		strings.Repeat("@", 1<<18):                                               "the line is too long",
		strings.Repeat("\n\n%", marksMost):                                       "too long",
	} {
		began := time.Now()
		_, err := Parse("f", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("%.40q took %s", text, took)
		}
	}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Whatever a file has, an error shows a place that is in it, and rows are found without
// trouble.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/bad/*.yaml", "testdata/good/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			f.Add(read(f, file))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		i, err := Parse("f", text)
		if err == nil {
			i.Find(machine("52:54:00:12:34:56", "", "A1"))
			for _, r := range i.Rows {
				if r.Target.Boot == "" {
					t.Error("a row boots nothing")
				}
			}
			return
		}
		var line, column int
		if n, _ := fmt.Sscanf(err.Error(), "f:%d:%d:", &line, &column); n != 2 && len(text) <= FileMost {
			t.Fatalf("no place: %v", err)
		}
		if lines := strings.Count(string(text), "\n") + 1; line > lines || column < 1 {
			t.Errorf("%d:%d is no place of %d lines", line, column, lines)
		}
		if advice.Of(err) == "" {
			t.Errorf("no advice: %v", err)
		}
	})
}
