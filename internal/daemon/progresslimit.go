package daemon

import (
	"sync"
	"time"
)

// A progressLimit thins out the progress of transfers: the story needs a few a second,
// a fast transfer reports hundreds.
type progressLimit struct {
	last sync.Map // of the transfer to the time.Time of its last report
}

const progressInterval = 200 * time.Millisecond

func (p *progressLimit) due(transfer any) bool {
	now := time.Now()
	if last, ok := p.last.Load(transfer); ok && now.Sub(last.(time.Time)) < progressInterval {
		return false
	}
	p.last.Store(transfer, now)
	return true
}

func (p *progressLimit) forget(transfer any) { p.last.Delete(transfer) }
