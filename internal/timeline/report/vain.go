package report

import (
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/size"
	"github.com/spurboot/spur/internal/timeline"
)

// requestsInVain are requests for files that aren't there, one after the other. The first is a
// step of its own; loaders look for many, so the rest is counted.
type requestsInVain struct {
	began time.Time // when the first one was
	more  int       // how many followed it
	told  int       // of these
}

// vainBefore are those that a machine's latest step is, before what is new in u.
func vainBefore(u timeline.Update) requestsInVain {
	at := len(u.Attempt.Steps) - len(u.Steps) - 1
	if at < 0 || u.Attempt.Steps[at].Kind != timeline.FetchFailed {
		return requestsInVain{}
	}
	s := u.Attempt.Steps[at]
	return requestsInVain{began: s.Time, more: s.Count - 1}
}

// vainRequests are the latest of each machine, until its next step.
type vainRequests map[boot.MAC]requestsInVain

// follow says how many more requests in vain are to be told before what is new in u: before a
// step or a verdict, and of an attempt that another one followed.
func (l vainRequests) follow(u timeline.Update) (more int) {
	mac := u.Attempt.MAC
	was, is := l[mac], vainBefore(u)
	if is.began.Equal(was.began) {
		is.told = was.told
	} else {
		more = was.more - was.told
	}
	if len(u.Steps) > 0 || u.Verdict != nil {
		more += is.more - is.told
		is.told = is.more
	}
	delete(l, mac)
	if len(u.Steps) == 0 && is.more > 0 {
		l.makeRoom()
		l[mac] = is
	}
	return more
}

// makeRoom forgets, of as many as are followed, those that began longest ago.
func (l vainRequests) makeRoom() {
	if len(l) < maxLive {
		return
	}
	var oldest boot.MAC
	for mac, v := range l {
		if first, ok := l[oldest]; !ok || v.began.Before(first.began) {
			oldest = mac
		}
	}
	delete(l, oldest)
}

// vainLine says how many more files a machine asked for in vain, if there are some to tell.
func (t *Terminal) vainLine(u timeline.Update) string {
	more := t.vain.follow(u)
	if more <= 0 {
		return ""
	}
	return t.line(u, u.Time, t.paint(faint, "and "+size.Count(more, "more request")+" for files in vain"))
}
