package boot

import (
	"errors"
	"fmt"
	"strings"
)

// KernelWords are the arguments that a Linux kernel reads from a command line
// (next_arg in its lib/cmdline.c), without the quotes around one or around its
// value. For a loader that is told arguments one by one, and quotes what has
// blanks by itself. What such a loader can't be told as it is, is an error: a
// backslash or an apostrophe, before which GRUB writes a backslash, and quotes
// inside of an argument.
func KernelWords(cmdline string) ([]string, error) {
	if i := strings.IndexAny(cmdline, `\'`); i >= 0 {
		return nil, fmt.Errorf("its command line has %c, before which GRUB writes a backslash", cmdline[i])
	}
	var words []string
	quoted := false
	split := func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return !quoted && strings.ContainsRune(" \t\n\v\f\r", r)
	}
	for _, word := range strings.FieldsFunc(cmdline, split) {
		plain, ok := unquoted(word)
		if !ok {
			return nil, fmt.Errorf("its command line has quotes inside of %s, before which GRUB writes a backslash", word)
		}
		if strings.ContainsAny(plain, "\t\n\v\f\r") {
			return nil, fmt.Errorf("its command line has a tab or a line break inside of %q, which GRUB does not quote", word)
		}
		if plain != "" {
			words = append(words, plain)
		}
	}
	if quoted {
		return nil, errors.New("its command line has a quote that is never closed")
	}
	return words, nil
}

// unquoted takes the quotes from around an argument, or from around its value.
func unquoted(word string) (string, bool) {
	key, value, assigned := strings.Cut(word, "=")
	switch {
	case strings.HasPrefix(word, `"`):
		word = inQuotes(word)
	case assigned && key != "":
		word = key + "=" + inQuotes(value)
	}
	return word, !strings.Contains(word, `"`)
}

func inQuotes(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}
