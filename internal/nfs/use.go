package nfs

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"
)

// Use is what a connection did with an export until it ended. Clients keep one connection for
// all that they read, and end it when they unmount; the mount itself comes by another one.
type Use struct {
	Export ExportID
	Bytes  int64         // of files that were sent
	Idle   time.Duration // between the last call and the end
	Err    error         // nil where the client ended it
}

// uses are those of a connection.
type uses struct {
	sent  map[ExportID]int64
	asked time.Time // when the last call came
}

// count notes that n bytes of an export were sent.
func (u *uses) count(id ExportID, n int) {
	if u.sent == nil {
		u.sent = map[ExportID]int64{}
	}
	u.sent[id] += int64(n)
}

// tell tells of those of a connection that has ended.
func (u *uses) tell(left func(netip.AddrPort, Use), peer netip.AddrPort, ended error) {
	if left == nil {
		return
	}
	idle := time.Since(u.asked)
	for id, n := range u.sent {
		left(peer, Use{Export: id, Bytes: n, Idle: idle, Err: reason(ended, idle)})
	}
}

// reason says in words why a connection ended; nil where the client ended it.
func reason(err error, idle time.Duration) error {
	var failed *net.OpError
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("it took or asked for nothing for %s", idle.Round(time.Second))
	case errors.As(err, &failed):
		return failed.Err
	}
	return err
}
