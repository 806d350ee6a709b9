package boot

import (
	"slices"
	"strings"
	"testing"
)

func TestKernelWords(t *testing.T) {
	for _, tt := range []struct {
		cmdline string
		want    []string
		why     string
	}{
		{"", nil, ""},
		{"console=ttyS0  quiet\tro", []string{"console=ttyS0", "quiet", "ro"}, ""},
		{`dyndbg="file foo +p" quiet`, []string{"dyndbg=file foo +p", "quiet"}, ""},
		{`"dyndbg=file foo +p"`, []string{"dyndbg=file foo +p"}, ""},
		{`a="" b`, []string{"a=", "b"}, ""},
		{`ds=nocloud;s=http://x/$y{z}`, []string{"ds=nocloud;s=http://x/$y{z}"}, ""},
		{`a=it's`, nil, "'"},
		{`a=\x41`, nil, `\`},
		{`a="x y"z`, nil, "inside of"},
		{`a=x"y z"`, nil, "inside of"},
		{`a="x y`, nil, "inside of"},
	} {
		got, err := KernelWords(tt.cmdline)
		if !slices.Equal(got, tt.want) || (err == nil) != (tt.why == "") || err != nil && !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: got %q, %v", tt.cmdline, got, err)
		}
	}
}

// A kernel reads from the words, each in quotes if it has a blank, what it
// reads from the command line.
func FuzzKernelWords(f *testing.F) {
	for _, s := range []string{`a="b c" d`, `"e f"`, `a=="" ""`, `x="`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, cmdline string) {
		if strings.ContainsRune(cmdline, 0) {
			return
		}
		words, err := KernelWords(cmdline)
		if err != nil {
			return
		}
		var again []string
		for _, w := range words {
			if strings.Contains(w, " ") {
				w = `"` + w + `"`
			}
			again = append(again, w)
		}
		if got, want := kernelReads(strings.Join(again, " ")), kernelReads(cmdline); !slices.Equal(got, want) {
			t.Errorf("%q became %q: the kernel reads %q, not %q", cmdline, again, got, want)
		}
	})
}

// kernelReads lists parameters and values as next_arg of Linux's lib/cmdline.c
// finds them.
func kernelReads(args string) (all []string) {
	const blanks = " \t\n\v\f\r"
	for args = strings.TrimLeft(args, blanks); args != ""; args = strings.TrimLeft(args, blanks) {
		quoted := args[0] == '"'
		if quoted {
			args = args[1:]
		}
		inside, equals, i := quoted, 0, 0
		for ; i < len(args) && (inside || !strings.Contains(blanks, args[i:i+1])); i++ {
			if equals == 0 && args[i] == '=' {
				equals = i
			}
			if args[i] == '"' {
				inside = !inside
			}
		}
		word, value := args[:i], ""
		args = args[i:]
		if quoted && strings.HasSuffix(word, `"`) {
			word = word[:len(word)-1]
		}
		if equals > 0 && equals < len(word) {
			word, value = word[:equals], word[equals+1:]
			if strings.HasPrefix(value, `"`) {
				value = strings.TrimSuffix(value[1:], `"`)
			}
			word += "="
		}
		if word != "" {
			all = append(all, word+value)
		}
	}
	return all
}
