package daemon

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// However many machines are made up, the log stays short, and says how many there
// were.
func TestTroublesAreBounded(t *testing.T) {
	var out bytes.Buffer
	v := &notices{log: slog.New(slog.NewTextHandler(&out, nil))}
	for n := range 5000 {
		v.trouble("no address for it", boot.MAC{2, 0, 0, 0, byte(n >> 8), byte(n)}, "eth0", errors.New("the pool has no free address"))
	}
	v.end(0)
	lines, counted := strings.Count(out.String(), "\n"), strings.Contains(out.String(), "more like it")
	if lines > 3*(rationMost+1) || !counted {
		t.Errorf("%d lines; counted: %v", lines, counted)
	}
}

func TestRation(t *testing.T) {
	var r ration
	now := time.Unix(1, 0)
	said := 0
	for range 100 {
		if ok, _ := r.take(now); ok {
			said++
		}
	}
	if ok, left := r.take(now.Add(rationTime)); said != rationMost || !ok || left != 100-rationMost || r.rest() != 0 {
		t.Errorf("%d were said, then %v, %d", said, ok, left)
	}
}
