package size_test

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/size"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]int64{
		"512": 512, "1K": 1024, "1k": 1024, "10G": 10 << 30, "3MiB": 3 << 20, "2T": 2 << 40, "7E": 7 << 60, "1024B": 1024,
		"": 0, "G": 0, "0": 0, "-1G": 0, "1.5G": 0, "8E": 0, "100": 0, "10GB": 0, "10KK": 0, "1 G": 0, "1iB": 0,
	} {
		got, err := size.Parse(text)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("Parse(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
}

// TestErrors: what is wrong with a size is said in plain words.
func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"": "empty", "-5": "negative", "-5G": "negative", "0": "no room for anything", "1.5G": "no whole number",
		"10GB": "K, M, G or T", "10X": "no size", "100": "no multiple of 512", "99999999999999999999": "larger than any disk",
	} {
		if _, err := size.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): %v, not %q", text, err, want)
		}
	}
}

func TestFormat(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1023: "1023 bytes", 1024: "1 KiB", 1536: "1.5 KiB", 10 << 30: "10 GiB", 3 << 60: "3 EiB"} {
		if got := size.Format(n); got != want {
			t.Errorf("Format(%d) = %q, want %q", n, got, want)
		}
	}
}
