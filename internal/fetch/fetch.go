// Package fetch reads files from web servers for many machines at once.
//
// When fifty machines boot an image that lives at a URL, the image should come
// once, and the first machine should not wait for its end. So a [Cache] has one
// download for each file, into a file of its own on disk, and any number of
// [File] readers that follow it: a read waits until its bytes have arrived, and
// no longer.
//
// # Which bytes
//
// A reader sees the bytes of one version of the upstream file, always. Versions
// are told apart by validators (RFC 9110 section 8.8); a file is asked for
// again, conditionally (section 13.1), when it is opened and was last checked
// longer than [Options.Fresh] ago, or arrived, where the upstream names no
// validator. A version that was replaced upstream stays
// for those who read it. A download that breaks goes on where it stopped with
// Range and If-Range (section 13.1.5); where the upstream names no strong
// validator, or has another version by then, its readers get an error that
// wraps [ErrChanged] or the cause, never other bytes.
//
// # Reading ahead
//
// A read far beyond what has arrived (a disk's backup partition table, the
// directory of an ISO image) doesn't wait for all that lies between: it makes a
// ranged request of its own, if the upstream has ranges and a strong validator
// and no more than a few such requests are running. Otherwise it waits.
//
// # Parts
//
// Of an image of a disc only some files may be wanted. [Cache.OpenPart] fetches and keeps
// a part of a file as if it were one.
//
// # The disk
//
// [Options.MaxBytes] bounds it, and what its file system has free, of which the
// cache leaves 1 GiB or a tenth, which other programs may take. The file unused
// for longest makes room for the next, unless all unused ones together wouldn't.
// Files in use stay. A file that doesn't fit, because it is larger than
// the bounds or because everything else is in use, isn't kept: each of its
// readers has an upstream request of its own. What doesn't say its size and
// outgrows the bounds fails with [ErrTooBig]. A restart begins with an empty
// cache: what was left in the folder is removed, which needs no trust in it.
//
// A download goes on for [Options.Linger] after its last reader left, since
// firmware asks for a size first and for the bytes later, and is then given up.
package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Options of a [Cache]. Zero values get defaults.
type Options struct {
	Dir      string // folder of this cache alone; made where it is missing; "" keeps nothing: each reader asks the upstream itself
	MaxBytes int64  // on disk; default 16 GiB
	MaxFiles int    // known at one time; default 1024

	// Own is told of each file that is made in Dir, and may give it to another user, as
	// whom it will be opened. Nil leaves it to the user who made it.
	Own func(*os.File) error

	// Client makes the requests; its Timeout is not used, since a large file
	// takes its time. Default: a client with proxies from the environment.
	Client *http.Client

	Fresh   time.Duration // how long a file isn't asked for again; default 5 s
	Linger  time.Duration // how long a download goes on without readers; default 30 s
	StaleOK bool          // serve a file already here while its server can't be reached

	ConnectTimeout time.Duration // of the default Client; default 10 s
	HeaderTimeout  time.Duration // from a request to its answer, redirects included; default 30 s
	IdleTimeout    time.Duration // without a byte of a body; default 30 s
}

func (o Options) orDefault() Options {
	o.Fresh = cmp.Or(o.Fresh, 5*time.Second)
	o.Linger = cmp.Or(o.Linger, 30*time.Second)
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, 10*time.Second)
	o.HeaderTimeout = cmp.Or(o.HeaderTimeout, 30*time.Second)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, 30*time.Second)
	o.MaxBytes = cmp.Or(o.MaxBytes, 16<<30)
	o.MaxFiles = cmp.Or(o.MaxFiles, 1024)
	return o
}

// sideRequests bounds the requests of reads ahead of a download.
const maxRangeRequests = 8

// Cache is a set of upstream files, or of their parts that have arrived. It is
// safe for concurrent use.
type Cache struct {
	opts       Options
	up         *upstream
	rangeSlots chan struct{} // a place for each read ahead
	lock       *os.File      // holds the folder; nil without one
	stop       context.CancelFunc
	ctx        context.Context // ends with the cache
	wg         sync.WaitGroup  // downloads and questions

	mu            sync.Mutex
	closed        bool
	entries       map[source]*entry        // the current version
	downloads     map[*entry]struct{}      // under way, of versions in entries or not
	revalidations map[source]*revalidation // questions that are out
	count         int                      // versions that take room, in entries or not
	used          int64                    // bytes reserved on disk
}

// New makes a cache over the folder opts.Dir and removes what an earlier one
// left in it. The folder can't be shared: New fails while another process has
// a cache there.
func New(opts Options) (*Cache, error) {
	opts = opts.orDefault()
	var lock *os.File
	if opts.Dir != "" {
		var err error
		if lock, err = lockFolder(opts.Dir); err != nil {
			return nil, err
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Cache{
		opts: opts, up: newUpstream(opts), rangeSlots: make(chan struct{}, maxRangeRequests),
		lock: lock, ctx: ctx, stop: stop,
		entries: make(map[source]*entry), downloads: make(map[*entry]struct{}), revalidations: make(map[source]*revalidation),
	}, nil
}

const partPattern = "fetch-*.part"

// lockFolder makes the folder, makes it ours, and empties it of what we would
// put there.
func lockFolder(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("fetch: can't make the cache folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "fetch.lock"), os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("fetch: can't lock the cache folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("fetch: cache folder %s is used by another process; give each its own: %w", dir, err)
	}
	left, err := filepath.Glob(filepath.Join(dir, partPattern))
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("fetch: can't empty the cache folder: %w", err)
	}
	return lock, nil
}

// Close ends all downloads, waits for them and removes their files. Reads that
// wait for bytes fail.
func (c *Cache) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	c.mu.Unlock()
	c.stop()
	c.wg.Wait()
	c.mu.Lock()
	for _, e := range c.entries {
		c.unlist(e)
	}
	c.mu.Unlock()
	c.up.client.CloseIdleConnections()
	if c.lock == nil {
		return nil
	}
	left, err := filepath.Glob(filepath.Join(c.opts.Dir, partPattern))
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	return errors.Join(err, c.lock.Close())
}

// defaultClient waits for a connection, but not for the end of a file.
func defaultClient(o Options) *http.Client {
	dialer := &net.Dialer{Timeout: o.ConnectTimeout}
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		TLSHandshakeTimeout:   o.ConnectTimeout,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       90 * time.Second,
		ResponseHeaderTimeout: o.HeaderTimeout,
		ReadBufferSize:        64 << 10,
	}}
}
