package size_test

import (
	"testing"
	"time"

	"github.com/spurboot/spur/internal/size"
)

func TestLength(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0.0 s", -1: "0.0 s", 400 * time.Millisecond: "0.4 s", 21 * time.Second: "21 s", 59600 * time.Millisecond: "1 min", 200 * time.Second: "3 min 20 s"} {
		if got := size.Length(d); got != want {
			t.Errorf("Length(%v) is %q, want %q", d, got, want)
		}
	}
}
