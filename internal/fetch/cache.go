package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"
)

// Open finds out the current version of the file at rawURL and returns a reader
// of it; the bytes may still be on their way. ctx governs the reader's waits,
// too, until it is closed. Errors are of type [*Error].
//
// Redirects are followed. The URL is the file's name in the cache, so a secret
// in it separates files as well as a path does.
func (c *Cache) Open(ctx context.Context, rawURL string) (*File, error) {
	return c.open(ctx, source{url: rawURL})
}

func (c *Cache) open(ctx context.Context, s source) (*File, error) {
	if err := checkURL(s.url); err != nil {
		return nil, err
	}
	e, err := c.acquire(ctx, s)
	if err != nil {
		return nil, fail(s.url, err)
	}
	return newFile(ctx, c, e)
}

// revalidation is a question to the upstream that several wait for.
type revalidation struct {
	done    chan struct{}
	waiters int    // guarded by Cache.mu, as are the others until done
	e       *entry // with a reference for each waiter
	err     error
}

// acquire returns the current version with a reference to it.
func (c *Cache) acquire(ctx context.Context, s source) (*entry, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, ErrClosed
	}
	if e := c.entries[s]; e != nil && c.isCurrent(e) {
		c.hold(e)
		c.mu.Unlock()
		return e, nil
	}
	r := c.revalidations[s]
	if r == nil {
		r = &revalidation{done: make(chan struct{})}
		c.revalidations[s] = r
		c.wg.Go(func() { c.revalidate(s, r) })
	}
	r.waiters++
	c.mu.Unlock()
	select {
	case <-r.done:
		return r.e, r.err
	case <-ctx.Done():
		c.leave(r)
		return nil, context.Cause(ctx)
	}
}

// isCurrent says whether e needn't be asked for again. A version that can't be
// told from a later one is current as long as it is on its way: to ask for it
// would be to begin anew, once for each machine that comes.
func (c *Cache) isCurrent(e *entry) bool {
	if time.Since(e.checked) < c.opts.Fresh {
		return true
	}
	_, done, _ := e.state()
	return !done && !e.v.marked()
}

// leave gives up waiting, and what was waited for if it came meanwhile.
func (c *Cache) leave(r *revalidation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.waiters--
	if r.e != nil {
		c.drop(r.e)
	}
}

// revalidate asks the upstream and hands the result to all who wait. It isn't
// bound to any of them: who leaves doesn't take the answer from the others.
func (c *Cache) revalidate(s source, r *revalidation) {
	c.mu.Lock()
	old := c.entries[s]
	if old != nil {
		c.hold(old)
	}
	c.mu.Unlock()
	ans := c.ask(s, old)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.revalidations, s)
	r.e, r.err = c.settle(s, old, ans)
	if r.e != nil {
		r.e.refs += r.waiters // on top of our own
		c.drop(r.e)
	}
	close(r.done)
}

// answer is what the upstream said: the version that we have is current, or
// here is another one, or an error.
type answer struct {
	current bool
	gone    bool // the one that we have isn't to be had any more
	v       version
	resp    *http.Response
	err     error
}

// ask finds out whether old, which may be nil, is current. What isn't on disk
// is asked for whole: it may fit into the cache by then.
func (c *Cache) ask(s source, old *entry) answer {
	header := s.header()
	kept := old != nil && old.disk != nil
	if kept {
		old.v.condition(header)
	}
	resp, err := c.up.get(c.ctx, s.url, header)
	if err != nil {
		if old != nil && c.opts.StaleOK && c.ctx.Err() == nil {
			return answer{current: true}
		}
		return answer{err: err}
	}
	if resp.StatusCode == s.status() {
		v, err := s.version(resp)
		if err != nil {
			resp.Body.Close()
			return answer{err: err}
		}
		if !kept || !old.v.same(v) {
			return answer{v: v, resp: resp}
		}
	}
	resp.Body.Close()
	if kept && (resp.StatusCode == s.status() || resp.StatusCode == http.StatusNotModified) {
		return answer{current: true}
	}
	if s.isPart() && resp.StatusCode == http.StatusOK {
		return answer{gone: true, err: ErrNoParts}
	}
	return answer{gone: resp.StatusCode < 500, err: refusal(s.url, resp.StatusCode)}
}

// settle makes of an answer the current version with one reference, and of the
// reference to old either that one or none. It wants Cache.mu to be held.
func (c *Cache) settle(s source, old *entry, ans answer) (*entry, error) {
	if ans.current {
		old.checked = time.Now()
		return old, nil
	}
	if old != nil {
		if ans.resp != nil || ans.gone {
			c.unlist(old)
		}
		c.drop(old)
	}
	if ans.err != nil {
		return nil, ans.err
	}
	return c.add(s, ans.v, ans.resp)
}

// add makes v the current version of a source, with one reference. It wants
// Cache.mu to be held.
func (c *Cache) add(s source, v version, resp *http.Response) (*entry, error) {
	if err := c.admit(); err != nil {
		resp.Body.Close()
		return nil, err
	}
	need := v.size
	if need < 0 {
		need = min(growStep, c.opts.MaxBytes)
	}
	e := &entry{source: s, v: v, refs: 1, listed: true, checked: time.Now()}
	if c.opts.Dir != "" && c.reserve(need) {
		if err := c.create(e); err != nil {
			c.used -= need
			resp.Body.Close()
			return nil, fmt.Errorf("%w: %w", errDisk, err)
		}
		e.reserved = need
	}
	e.tag = entityTag(v, e.disk != nil)
	c.entries[s] = e
	c.count++
	ctx, stop := context.WithCancel(c.ctx)
	e.stop = stop
	if e.disk == nil {
		e.done = true
		resp.Body.Close()
		return e, nil
	}
	c.downloads[e] = struct{}{}
	c.wg.Go(func() { c.download(ctx, e, resp.Body) })
	return e, nil
}

// create makes the file of e in the folder of the cache.
func (c *Cache) create(e *entry) error {
	disk, err := os.CreateTemp(c.opts.Dir, partPattern)
	if err != nil {
		return err
	}
	if e.made, err = disk.Stat(); err == nil && c.opts.Own != nil {
		err = c.opts.Own(disk)
	}
	if err != nil {
		return errors.Join(err, disk.Close(), os.Remove(disk.Name()))
	}
	e.disk = disk
	return nil
}
