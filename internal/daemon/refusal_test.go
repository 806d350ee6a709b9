package daemon

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"

	"github.com/spurboot/spur/internal/httpd"
	"github.com/spurboot/spur/internal/timeline"
)

// A file that isn't there, or that became shorter while it was sent, is our fault. A
// connection that was lost is not.
func TestWebRefusal(t *testing.T) {
	for _, tt := range []struct {
		opened bool
		err    error
		want   timeline.Refusal
	}{
		{false, nil, ""},
		{false, fs.ErrNotExist, timeline.NoSuchFile},
		{false, fs.ErrPermission, timeline.Refused},
		{false, httpd.ErrPeerGone, ""},
		{true, nil, ""},
		{true, fmt.Errorf("file ended at byte 7: %w", io.ErrUnexpectedEOF), timeline.Refused},
		{true, fmt.Errorf("%w: %w", httpd.ErrPeerGone, io.ErrUnexpectedEOF), ""},
		{true, httpd.ErrStalled, ""},
		{true, errors.New("connection reset by peer"), ""},
	} {
		if got := webRefusal(tt.opened, tt.err); got != tt.want {
			t.Errorf("opened %v, %v: %q, want %q", tt.opened, tt.err, got, tt.want)
		}
	}
}
