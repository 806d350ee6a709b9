package httpblock

import (
	"container/list"
	"context"
	"errors"
	"sync"

	"github.com/spurboot/spur/block"
)

// Device is a file on a web server as a block.Device.
type Device struct {
	remote *remote
	ctx    context.Context // of fetching, until Close
	stop   context.CancelFunc
	slots  chan struct{} // one is taken by each fetch
	group  sync.WaitGroup

	mu      sync.Mutex
	chunks  map[int64]*chunk
	recent  *list.List // of chunks that are here, the last used first
	changed error      // what every read returns once the file has changed
}

// chunk is a part of the file that is here or on its way. Its data and err are
// set before ready is closed, and nothing changes them afterwards.
type chunk struct {
	index   int64
	ready   chan struct{}
	data    []byte
	err     error
	element *list.Element // in recent, once it is here
}

func newDevice(r *remote) *Device {
	d := &Device{
		remote: r,
		slots:  make(chan struct{}, r.options.Connections),
		chunks: make(map[int64]*chunk),
		recent: list.New(),
	}
	d.ctx, d.stop = context.WithCancel(context.Background())
	return d
}

// Size implements block.Device.
func (d *Device) Size() int64 { return d.remote.version.size }

// Caps implements block.Device.
func (d *Device) Caps() block.Caps { return block.Caps{ReadOnly: true, BlockSize: 4096} }

// Read implements block.Device.
func (d *Device) Read(ctx context.Context, p []byte, off int64) error {
	if err := block.CheckRange(off, int64(len(p)), d.Size()); err != nil {
		return err
	}
	end := off + int64(len(p))
	for len(p) > 0 {
		index := off / d.remote.options.Chunk
		c, err := d.chunk(ctx, index, (end-1)/d.remote.options.Chunk)
		if err != nil {
			return err
		}
		n := copy(p, c.data[off-index*d.remote.options.Chunk:])
		p, off = p[n:], off+int64(n)
	}
	return ctx.Err()
}

// chunk returns a chunk when it is here. The reader will want those up to last.
func (d *Device) chunk(ctx context.Context, index, last int64) (*chunk, error) {
	c, err := d.find(ctx, index)
	if err != nil {
		return nil, err
	}
	d.ahead(index, last)
	select {
	case <-c.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c.err != nil {
		return nil, c.err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.element != nil {
		d.recent.MoveToFront(c.element)
	}
	return c, d.changed
}

// find returns a chunk, which it has fetched if it isn't here or on its way.
func (d *Device) find(ctx context.Context, index int64) (*chunk, error) {
	if c, err := d.known(index); c != nil || err != nil {
		return c, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case d.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return d.begin(index), nil
}

func (d *Device) known(index int64) (*chunk, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.chunks[index], d.changed
}

// begin has a chunk fetched in the slot that the caller took, unless it is
// known meanwhile.
func (d *Device) begin(index int64) *chunk {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.chunks[index]; c != nil {
		<-d.slots
		return c
	}
	c := &chunk{index: index, ready: make(chan struct{})}
	d.chunks[index] = c
	d.group.Go(func() { d.fetch(c) })
	return c
}

// ahead begins to fetch what a reader wants next: the rest of its range, or,
// where it came from the chunk before, the chunks that follow. It doesn't wait
// for a slot, and leaves one to readers that want something else.
func (d *Device) ahead(index, last int64) {
	ahead := int64(d.remote.options.Ahead)
	if before, _ := d.known(index - 1); before == nil {
		ahead = min(ahead, last-index)
	}
	final := (d.Size() - 1) / d.remote.options.Chunk
	for i := index + 1; i <= min(index+ahead, final); i++ {
		if c, err := d.known(i); c != nil || err != nil {
			continue
		}
		if len(d.slots) >= cap(d.slots)-1 {
			return
		}
		select {
		case d.slots <- struct{}{}:
			d.begin(i)
		default:
			return
		}
	}
}

func (d *Device) fetch(c *chunk) {
	defer func() { <-d.slots }()
	from := c.index * d.remote.options.Chunk
	data := make([]byte, min(d.remote.options.Chunk, d.Size()-from))
	err := d.remote.fetch(d.ctx, data, from)
	d.mu.Lock()
	defer d.mu.Unlock()
	defer close(c.ready)
	if err != nil {
		c.err = err
		delete(d.chunks, c.index)
		if d.changed == nil && errors.Is(err, ErrChanged) {
			d.changed = err
		}
		return
	}
	c.data = data
	c.element = d.recent.PushFront(c)
	d.evict()
}

// evict gives up what was not used for the longest time, but for one chunk.
func (d *Device) evict() {
	most := max(1, d.remote.options.Cache/d.remote.options.Chunk)
	for int64(d.recent.Len()) > most {
		oldest := d.recent.Back()
		if c, ok := d.recent.Remove(oldest).(*chunk); ok {
			c.element = nil
			delete(d.chunks, c.index)
		}
	}
}

// Write implements block.Device.
func (d *Device) Write(context.Context, []byte, int64, block.WriteFlags) error {
	return block.ErrReadOnly
}

// Flush implements block.Device.
func (d *Device) Flush(ctx context.Context) error { return ctx.Err() }

// Trim implements block.Device.
func (d *Device) Trim(context.Context, int64, int64) error { return block.ErrReadOnly }

// Zero implements block.Device.
func (d *Device) Zero(context.Context, int64, int64, block.ZeroFlags) error {
	return block.ErrReadOnly
}

// Extents implements block.Device: HTTP knows of no holes.
func (d *Device) Extents(ctx context.Context, off, n int64, yield func(block.Extent) bool) error {
	if err := block.CheckRange(off, n, d.Size()); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if n > 0 {
		yield(block.Extent{Offset: off, Length: n})
	}
	return nil
}

// Close implements block.Device. It ends what is under way and waits for it.
func (d *Device) Close() error {
	d.stop()
	d.group.Wait()
	d.remote.release()
	return nil
}
