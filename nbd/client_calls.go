package nbd

import (
	"context"
	"errors"
	"net"
	"time"
)

// call is a command on its way. Calls are made once and used again; the cookie
// is the call's index in its lowest 16 bits, and changes with each use.
type call struct {
	req  request
	p    []byte       // the data of a read
	got  uint64       // bytes of it that came
	runs []descriptor // of a block status
	err  error
	done chan struct{}
	head [maxRequestSize]byte

	// Guarded by Client.mu.
	pending   bool // sent, or about to be, and not answered
	abandoned bool // nobody waits
	busy      bool // the reader is at it
}

const cookieIndex = 1<<16 - 1

// stuckTimeout is how long a call whose context has ended waits for the server to
// take the rest of a command, or for the rest of a reply, before it gives up the
// connection.
const stuckTimeout = time.Second

// take waits for a call to be free.
func (c *Client) take(ctx context.Context) (*call, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case k := <-c.free:
		return k, nil
	default:
	}
	select {
	case k := <-c.free:
		return k, nil
	case <-c.over:
		return nil, c.failed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// do sends the command in k.req with its payload, and waits for the reply. It
// gives k back unless it returns without an error.
func (c *Client) do(ctx context.Context, k *call, payload []byte) error {
	k.req.cookie += cookieIndex + 1
	k.err, k.got, k.runs = nil, 0, k.runs[:0]
	c.mu.Lock()
	if c.ended || c.failed != nil {
		err := c.failed
		c.mu.Unlock()
		c.release(k)
		return err
	}
	k.pending, k.abandoned = true, false
	c.mu.Unlock()
	if err := c.send(ctx, k, payload); err != nil {
		return err
	}
	select {
	case <-k.done:
	case <-ctx.Done():
		if gone, err := c.abandon(ctx, k); gone {
			return err
		}
	}
	if k.err != nil {
		err := k.err
		c.release(k)
		return err
	}
	return nil
}

func (c *Client) release(k *call) {
	k.p = nil
	c.free <- k
}

// abandon leaves a call to the reader, or says that it is done after all.
func (c *Client) abandon(ctx context.Context, k *call) (gone bool, err error) {
	limit := time.NewTimer(stuckTimeout)
	defer limit.Stop()
	for {
		c.mu.Lock()
		if k.pending && !k.busy {
			k.abandoned, k.p = true, nil
			c.mu.Unlock()
			return true, ctx.Err()
		}
		c.mu.Unlock()
		select {
		case <-k.done:
			return false, nil
		case <-limit.C:
			c.fail(errors.New("the server stopped in the middle of a reply"))
		case <-time.After(time.Millisecond):
		}
	}
}

// send writes a command. A server that doesn't take it soon after the context
// has ended loses the connection, for half a command can't be taken back.
func (c *Client) send(ctx context.Context, k *call, payload []byte) error {
	select {
	case c.writing <- struct{}{}:
	default:
		select {
		case c.writing <- struct{}{}:
		case <-ctx.Done():
			return c.unsent(k, ctx.Err())
		case <-c.over:
			<-k.done
			c.release(k)
			return c.failed
		}
	}
	taken := doNothing
	if ctx.Done() != nil {
		taken = c.limitSend(ctx)
	}
	head := k.req.append(k.head[:0], c.terms.mode)
	var err error
	if len(payload) == 0 {
		_, err = c.nc.Write(head)
	} else {
		c.vector = [2][]byte{head, payload}
		c.buffers = net.Buffers(c.vector[:])
		_, err = c.buffers.WriteTo(c.nc)
		c.vector = [2][]byte{}
	}
	taken()
	<-c.writing
	if err != nil {
		c.fail(err) // the reader ends the call
	}
	return nil
}

// limitSend bounds how long the server takes to take a command after ctx has ended.
func (c *Client) limitSend(ctx context.Context) (taken func()) {
	set := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = c.nc.SetWriteDeadline(time.Now().Add(stuckTimeout))
		close(set)
	})
	return func() {
		if !stop() {
			<-set
			_ = c.nc.SetWriteDeadline(time.Time{})
		}
	}
}

// unsent takes back a call that was not sent.
func (c *Client) unsent(k *call, err error) error {
	c.mu.Lock()
	ended := !k.pending
	k.pending = false
	c.mu.Unlock()
	if ended { // the reader has ended it meanwhile
		<-k.done
	}
	c.release(k)
	return err
}
