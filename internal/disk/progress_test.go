package disk

import (
	"testing"
	"time"
)

func TestProgressLine(t *testing.T) {
	for _, c := range []struct {
		done, size, copied int64
		took               time.Duration
		want               string
	}{
		{0, 0, 0, 0, "x"},
		{0, 10 << 30, 0, time.Second, "x"},
		{5 << 30, 10 << 30, 1 << 30, 10 * time.Second, "x   50 %  1 GiB of data, 102.4 MiB/s, 10 s left"},
		{10 << 30, 10 << 30, 1 << 30, 10 * time.Second, "x  100 %  1 GiB of data, 102.4 MiB/s"},
		{8 << 60 >> 1, 7 << 60, 1 << 20, 0, "x   57 %  1 MiB of data, 1000 MiB/s"},
	} {
		if got := progressLine("x", c.done, c.size, c.copied, c.took); got != c.want {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
}
