package share

import (
	"context"
	"errors"
	"net"
	"time"
)

// Accept begins to serve each connection that l accepts, until ctx ends: then it
// returns nil. It returns an error when l fails, and closes l in any case. Where
// the process is out of file descriptors it waits for connections that end.
func Accept(ctx context.Context, l net.Listener, begin func(net.Conn)) error {
	unhook := context.AfterFunc(ctx, func() { l.Close() })
	defer func() {
		if unhook() { // l is closed once
			l.Close()
		}
	}()
	for delay := time.Millisecond; ; {
		nc, err := l.Accept()
		var temporary interface{ Temporary() bool }
		switch {
		case err == nil:
			delay = time.Millisecond
			begin(nc)
			continue
		case ctx.Err() != nil:
			return nil
		case !errors.As(err, &temporary) || !temporary.Temporary():
			return err
		}
		select {
		case <-time.After(delay):
			delay = min(2*delay, time.Second)
		case <-ctx.Done():
		}
	}
}
