package httpblock_test

import (
	"testing"

	"github.com/spurboot/spur/block/httpblock"
)

func TestParseContentRange(t *testing.T) {
	for s, want := range map[string][2]int64{
		"bytes 0-0/1":    {0, 1},
		"bytes 5-9/10":   {5, 10},
		"bytes 5-9/*":    {5, -1},
		"bytes 9-5/10":   {-1, 0},
		"bytes 5-10/10":  {-1, 0},
		"bytes */10":     {-1, 0},
		"bytes -5/10":    {-1, 0},
		"bytes +5-9/10":  {-1, 0},
		"bits 5-9/10":    {-1, 0},
		"":               {-1, 0},
		"bytes 5-9":      {-1, 0},
		"bytes 5-9/1e99": {-1, 0},
	} {
		start, _, total, err := httpblock.ParseContentRange(s)
		if (err != nil) != (want[0] < 0) || err == nil && [2]int64{start, total} != want {
			t.Errorf("%q: %d, %d, %v", s, start, total, err)
		}
	}
}
