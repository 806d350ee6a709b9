package daemon

import (
	"net/http"

	"github.com/spurboot/spur/internal/httpd"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/timeline"
)

// pace is how fast a transfer is sent at most, in bytes a second, by what the
// downloads of its machine have taught; 0 for no bound.
func (f *files) pace(t *httpd.Transfer, via route.Via) int64 {
	if t.Size < timeline.LargeDownload || t.Method == http.MethodHead {
		return 0
	}
	e, ok := f.event(timeline.Paced, via, t.Name, t.Remote, t.Local)
	if !ok {
		return 0
	}
	if e.Bytes = f.events.Pace(e.MAC); e.Bytes > 0 {
		f.events.Observe(e.Event)
	}
	return e.Bytes
}
