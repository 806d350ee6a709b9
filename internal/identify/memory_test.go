package identify_test

import (
	"net/url"
	"testing"

	"github.com/spurboot/spur/internal/identify"
)

func TestMemory(t *testing.T) {
	for query, want := range map[string]int64{
		"":                              0,
		"memory=6000,,,,":               96 << 20, // QEMU's -m 96
		"memory=0010,0000,0010,0000,":   8 << 30,
		"memory=ff7f,ff7f,,,":           64<<30 - 2<<20,
		"memory=0082,,,,":               512 << 10,
		"memory=0010,0010,0010,0010,00": 0, // and more
		"memory=ffff,,,,":               0,
		"memory=,,,,":                   0,
		"memory=${memory}":              0,
		"memory=600,,,,":                0,
		"memory=xx00,,,,":               0,
	} {
		values, err := url.ParseQuery(query)
		if got := identify.Memory(values); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", query, got, err, want)
		}
	}
}

func FuzzMemory(f *testing.F) {
	f.Add("6000,,,,")
	f.Fuzz(func(t *testing.T, text string) {
		if n := identify.Memory(url.Values{identify.MemoryQuery: {text}}); n < 0 || n > 1<<40 {
			t.Error(n)
		}
	})
}
