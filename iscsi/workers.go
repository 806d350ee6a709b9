package iscsi

// passToken lets the next worker read, a new one if all are busy. The window of
// commands bounds their number.
func (c *conn) passToken() {
	c.free <- struct{}{}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle == 0 && c.workers <= c.srv.bounds.QueueDepth+immediateTasks && !c.over {
		c.workers++
		c.wg.Go(c.work)
	}
}

func (c *conn) work() {
	for c.takeToken() {
		for c.step() {
			continue
		}
		c.out.flush()
	}
}

// takeToken waits until this worker holds the token. A worker too many
// ends.
func (c *conn) takeToken() bool {
	c.mu.Lock()
	if c.idle >= idleWorkers {
		c.workers--
		c.mu.Unlock()
		return false
	}
	c.idle++
	c.mu.Unlock()
	ok := true
	select {
	case <-c.free:
	case <-c.ended:
		ok = false
	}
	c.mu.Lock()
	c.idle--
	c.mu.Unlock()
	return ok
}

// step reads a PDU, with the token, and runs the task that can run because of it. It
// says whether the worker still holds the token.
func (c *conn) step() bool {
	if !c.flushWithToken() {
		return false
	}
	t, err := c.receive()
	if err != nil {
		c.out.finish() // with the Reject that says why
		c.end(err)
		return false
	}
	c.token.Watch() // an answer may wait
	switch {
	case t == nil:
		return true
	case t.quick():
		no := c.token.Begin()
		t.run()
		return c.token.End(no)
	}
	c.passToken()
	t.run()
	return false
}

// flushWithToken sends the answers before the reader waits for more, or when they
// are many. That may take long too: an initiator may take nothing before it has
// sent all that it has to send.
func (c *conn) flushWithToken() bool {
	if c.br.Buffered() >= headerSize && !c.out.isFull() {
		return true
	}
	no := c.token.Begin()
	c.out.flush()
	return c.token.End(no)
}

// Tick implements handoff.Owner. Answers don't wait while the reader waits for the
// rest of a PDU. Initiators that take nothing hold up no other: what may take
// long is done elsewhere.
func (c *conn) Tick(taken bool) (pending bool) {
	if pending = c.out.waits(); pending {
		c.start(c.out.flush)
	}
	if taken {
		c.passToken()
	}
	return pending
}
