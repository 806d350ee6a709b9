package disk

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spurboot/spur/internal/advice"
)

// Pool keeps images open for their users: each is opened once, however many use
// it, and closed when nobody has used it for a while. So a disk can be served over
// several protocols, and each of many machines have one.
type Pool struct {
	options PoolOptions
	ctx     context.Context // of what is opened
	cancel  context.CancelFunc
	wg      sync.WaitGroup // of images

	mu     sync.Mutex
	images map[string]*pooled // by key
	closed bool
	errs   []error // of images that were closed since then
}

// PoolOptions are the bounds of a Pool.
type PoolOptions struct {
	// Most is how many images are open at once [1024]. Beside its own file each
	// takes one for its journal, and one for every file that it lies over.
	Most int
	// Idle is how long an image stays open that nobody uses; 0 is not at all.
	Idle time.Duration
	// Closed, if set, is told of each image that was closed. An error says that
	// what was written last may be lost.
	Closed func(file string, err error)
}

// pooled is an image of a pool.
type pooled struct {
	key, file, owner string
	options          Options
	opened           chan struct{} // closed once disk or err is there
	disk             *Disk
	err              error

	// What follows is guarded by the pool's mu.
	users  int
	since  time.Time     // that it has none
	gone   chan struct{} // closed once it is closed; nil until that begins
	expiry *time.Timer
}

// NewPool makes a pool. A disk at a URL is read for as long as the context lasts,
// which ends what is being opened, too.
func NewPool(ctx context.Context, o PoolOptions) *Pool {
	if o.Most <= 0 {
		o.Most = 1024
	}
	p := &Pool{options: o, images: map[string]*pooled{}}
	p.ctx, p.cancel = context.WithCancel(ctx)
	return p
}

// Open returns the disk of an image for one user, until release is called. The
// image is opened if it isn't open. All its users have to ask for it by the same
// options, and, if it may be written to, for the same owner, such as a machine: two
// that write to one disk destroy it.
func (p *Pool) Open(ctx context.Context, owner, file string, o Options) (d *Disk, release func(), err error) {
	key, err := poolKey(file)
	if err != nil {
		return nil, nil, advise(file, err)
	}
	image, err := p.join(ctx, &pooled{key: key, file: file, owner: owner, options: o})
	if err != nil {
		return nil, nil, err
	}
	release = sync.OnceFunc(func() { p.leave(image) })
	select {
	case <-image.opened:
		err = image.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return image.disk, release, nil
}

// poolKey is what an image is known by: where it is, whatever links lead there. It
// needn't be there yet.
func poolKey(file string) (string, error) {
	if isURL(file) {
		return file, nil
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real, nil
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	return filepath.Join(folder, filepath.Base(path)), err
}

// join makes the caller a user of an image, which is begun to be opened if need
// be. Of one that is being closed it waits for the end.
func (p *Pool) join(ctx context.Context, asked *pooled) (*pooled, error) {
	for {
		image, gone, err := p.tryJoin(asked)
		if gone == nil {
			return image, err
		}
		select {
		case <-gone:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (p *Pool) tryJoin(asked *pooled) (image *pooled, gone <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	image = p.images[asked.key]
	switch {
	case p.closed:
		return nil, nil, errors.New("the pool of disks is closed")
	case image == nil:
		return p.tryAdd(asked)
	case image.gone != nil:
		return nil, image.gone, nil
	}
	if err := image.shares(asked); err != nil {
		return nil, nil, err
	}
	if image.expiry != nil {
		image.expiry.Stop()
	}
	image.users++
	return image, nil, nil
}

// tryAdd adds an image, in the place of one that nobody uses if need be.
func (p *Pool) tryAdd(image *pooled) (_ *pooled, gone <-chan struct{}, err error) {
	if len(p.images) >= p.options.Most {
		idle := p.idlest()
		if idle == nil {
			return nil, nil, advice.New(fmt.Sprintf("%s can't be opened: %d disks are open, which is the most", image.file, len(p.images)),
				"try again when a machine is done with its disk")
		}
		p.close(idle)
		return nil, idle.gone, nil
	}
	image.users, image.opened = 1, make(chan struct{})
	p.images[image.key] = image
	p.wg.Add(1)
	go p.open(image)
	return image, nil, nil
}

// idlest is the image that has had no user for longest, or, where each has some,
// one that is being closed, or nil.
func (p *Pool) idlest() (idlest *pooled) {
	for _, image := range p.images {
		if image.users == 0 && (idlest == nil || image.since.Before(idlest.since)) {
			idlest = image
		}
	}
	return idlest
}

// shares refuses a user who asks for the image otherwise than those that it has.
func (i *pooled) shares(asked *pooled) error {
	own, other := i.options, asked.options
	switch {
	case own.ReadOnly != other.ReadOnly, own.Format != other.Format, own.Base != other.Base, !slices.Equal(own.Allow, other.Allow):
		return advice.New(asked.file+" is open already, and otherwise than it is asked for",
			"ask for it everywhere with the same format, base and folders, and everywhere read-only or nowhere")
	case i.owner != asked.owner && !own.ReadOnly:
		return advice.New(fmt.Sprintf("%s is in use by %s, so %s can't have it: two that write to one disk destroy it", asked.file, i.owner, asked.owner),
			"give each an overlay of its own over a common base, or let all only read it")
	}
	return nil
}

// open opens an image. One that can't be opened is forgotten.
func (p *Pool) open(image *pooled) {
	image.disk, image.err = Open(p.ctx, image.file, image.options)
	if image.err != nil {
		p.forget(image)
	}
	close(image.opened)
}

// forget has the image opened anew for who asks for it next.
func (p *Pool) forget(image *pooled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.images, image.key)
	p.wg.Done()
}

// leave takes a user away. The last one's image is closed after a while.
func (p *Pool) leave(image *pooled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	image.users--
	if image.users > 0 || p.images[image.key] != image {
		return
	}
	image.since = time.Now()
	if p.options.Idle <= 0 || p.closed {
		p.close(image)
		return
	}
	image.expiry = time.AfterFunc(p.options.Idle, func() { p.expire(image) })
}

// expire closes an image that nobody has used for long enough.
func (p *Pool) expire(image *pooled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if image.users == 0 && time.Since(image.since) >= p.options.Idle && !p.closed {
		p.close(image)
	}
}

// close closes an image that nobody uses, in the background, unless that has
// begun. p.mu is held.
func (p *Pool) close(image *pooled) {
	if image.gone != nil {
		return
	}
	image.gone = make(chan struct{})
	if image.expiry != nil {
		image.expiry.Stop()
	}
	go func() {
		defer close(image.gone)
		if <-image.opened; image.err == nil {
			defer p.forget(image)
			p.tellClosed(image.file, image.disk.FlushAndClose())
		}
	}()
}

func (p *Pool) tellClosed(file string, err error) {
	p.mu.Lock()
	if p.closed {
		p.errs = append(p.errs, err)
	}
	p.mu.Unlock()
	if p.options.Closed != nil {
		p.options.Closed(file, err)
	}
}

// Close has Open refuse, and closes all images: those that are used when their
// users are gone, for whom it waits. It returns the errors of closing them.
func (p *Pool) Close() error {
	p.cancel()
	p.mu.Lock()
	p.closed = true
	for _, image := range p.images {
		if image.users == 0 {
			p.close(image)
		}
	}
	p.mu.Unlock()
	p.wg.Wait()
	return errors.Join(p.errs...)
}
