package daemon

import (
	"errors"
	"fmt"
	"testing"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/httpd"
)

// The story tells how a transfer ended without the sealed name of its file.
func TestWebText(t *testing.T) {
	sent := func(err error) error { return fmt.Errorf("send NiNX41qp/a.iso to 10.77.0.80:51950: %w", err) }
	for _, tt := range []struct {
		opened bool
		err    error
		want   string
	}{
		{true, sent(fmt.Errorf("%w: readfrom tcp 10.77.0.1:80->10.77.0.80:51950: write: broken pipe", httpd.ErrPeerGone)), "peer closed the connection before the end"},
		{true, sent(fmt.Errorf("%w for 30 s", httpd.ErrStalled)), "peer stopped reading"},
		{true, sent(errors.New("read a.iso: input/output error")), "read a.iso: input/output error"},
		{false, fmt.Errorf("open a.iso: %w", errors.New("permission denied")), "open a.iso: permission denied"},
		{false, fmt.Errorf("a.gz: %w", advice.New("it is too large", "unpack it yourself")), "a.gz: it is too large; unpack it yourself"},
	} {
		if got := webText(tt.opened, tt.err); got != tt.want {
			t.Errorf("%q, not %q", got, tt.want)
		}
	}
}
