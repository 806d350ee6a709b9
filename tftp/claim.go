package tftp

import "sync/atomic"

// A claim decides who looks after a socket whose transfer waits for a packet:
// the transfer itself, or a worker of the poller, who claims it for as long as
// it deals with what has come. Everything else of the socket belongs to whom
// the claim does, so that none of it needs a lock.
type claim struct{ state atomic.Int32 }

const (
	held   int32 = iota // by the transfer, to begin with
	free                // nobody's: the transfer waits
	missed              // held, and something has come meanwhile
)

// take claims what is free.
func (c *claim) take() bool { return c.state.CompareAndSwap(free, held) }

// notice claims a socket for which something has come. If it is held, its
// holder learns that from release.
func (c *claim) notice() bool {
	for {
		if c.take() {
			return true
		}
		if c.state.CompareAndSwap(held, missed) || c.state.Load() == missed {
			return false
		}
	}
}

// release gives it up. It fails, and the claim stays held, when something has
// come since it was taken, or since release failed last.
func (c *claim) release() bool {
	if c.state.CompareAndSwap(held, free) {
		return true
	}
	c.state.Store(held)
	return false
}
