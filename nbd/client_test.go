package nbd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
)

func dial(t testing.TB, sock string, o Options) *Client {
	t.Helper()
	c, err := Dial(t.Context(), "unix", sock, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// exercise has several writers, each on its part of the disk, do what they
// like, and compares with what should be there.
func exercise(t *testing.T, d block.Device) {
	t.Helper()
	const writers = 4
	var wg sync.WaitGroup
	part := d.Size() / writers
	for w := range int64(writers) {
		wg.Go(func() {
			if err := exercisePart(t.Context(), d, w*part, part, uint64(w)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func exercisePart(ctx context.Context, d block.Device, base, size int64, seed uint64) error {
	random := rand.New(rand.NewPCG(seed, 1))
	model := make([]byte, size)
	if err := d.Zero(ctx, base, size, 0); err != nil {
		return err
	}
	for range 150 {
		off := random.Int64N(size)
		n := random.Int64N(min(size-off, 200000)) + 1
		p := model[off : off+n]
		var err error
		switch random.IntN(6) {
		case 0, 1:
			for i := range p {
				p[i] = byte(random.Uint32())
			}
			err = d.Write(ctx, p, base+off, block.WriteFlags(random.IntN(2)))
		case 2:
			clear(p)
			err = d.Zero(ctx, base+off, n, block.ZeroFlags(random.IntN(4)))
		case 3:
			err = d.Flush(ctx)
		default:
			got := make([]byte, n)
			if err = d.Read(ctx, got, base+off); err == nil && !bytes.Equal(got, p) {
				err = fmt.Errorf("%d bytes at %d differ", n, base+off)
			}
		}
		if err != nil {
			return err
		}
	}
	return compareExtents(ctx, d, model, base)
}

// compareExtents checks that the extents cover the range, and what they say of
// zeros.
func compareExtents(ctx context.Context, d block.Device, model []byte, base int64) error {
	pos := base
	err := d.Extents(ctx, base, int64(len(model)), func(e block.Extent) bool {
		if e.Offset != pos || e.Length <= 0 {
			pos = -1
			return false
		}
		if e.Zero && len(bytes.TrimLeft(model[pos-base:pos-base+e.Length], "\x00")) > 0 {
			pos = -1
			return false
		}
		pos += e.Length
		return true
	})
	if err == nil && pos != base+int64(len(model)) {
		err = errors.New("extents are wrong")
	}
	return err
}

func TestClientAndServer(t *testing.T) {
	for _, o := range []Options{{}, {NoExtended: true}, {NoStructured: true}, {InFlight: 1}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			m := newMemory(4 << 20)
			c := dial(t, serve(t, &Server{Exports: Fixed{{Device: m}}, Bounds: Bounds{MaxPayload: 64 << 10}}), o)
			if c.Size() != m.size || !c.MultiConn() || c.Caps().Extents == o.NoStructured {
				t.Errorf("size %d, multi %v, %+v", c.Size(), c.MultiConn(), c.Caps())
			}
			exercise(t, c)
		})
	}
}

func TestClientErrors(t *testing.T) {
	m := newMemory(1 << 20)
	sock := serve(t, &Server{Exports: Fixed{{Name: "a", Device: m, ReadOnly: true}, {Name: "b", Device: m}}})
	c := dial(t, sock, Options{Export: "a"})
	if err := c.Write(t.Context(), []byte("x"), 0, 0); !errors.Is(err, block.ErrReadOnly) {
		t.Error(err)
	}
	if err := c.Read(t.Context(), make([]byte, 2), 1<<20-1); !errors.Is(err, block.ErrOutOfRange) {
		t.Error(err)
	}
	if _, err := Dial(t.Context(), "unix", sock, Options{Export: "c"}); !errors.Is(err, ErrUnknownExport) {
		t.Error(err)
	}
	all, err := List(t.Context(), "unix", sock, Options{})
	if err != nil || len(all) != 2 || all[1].Name != "b" {
		t.Error(all, err)
	}
}

// slow is a disk whose reads take until they are let go.
type slow struct {
	*memory
	let chan struct{}
}

func (s slow) Read(ctx context.Context, p []byte, off int64) error {
	if off == 0 {
		select {
		case <-s.let:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.memory.Read(ctx, p, off)
}

// TestOutOfOrder: a slow command holds up no other, and one that is given up
// leaves the connection whole.
func TestOutOfOrder(t *testing.T) {
	d := slow{newMemory(1 << 20), make(chan struct{})}
	c := dial(t, serve(t, &Server{Exports: Fixed{{Device: d}}}), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() { first <- c.Read(ctx, make([]byte, 512), 0) }()
	for range 100 {
		if err := c.Read(t.Context(), make([]byte, 512), 4096); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(d.let)
	if err := c.Read(t.Context(), make([]byte, 512), 0); err != nil {
		t.Error(err)
	}
}

// peer starts a foreign server on a socket and waits until it answers.
func peer(t *testing.T, pkg, name string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%v: install %s", err, pkg)
	}
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
}

func dialSoon(t *testing.T, sock string, o Options) *Client {
	t.Helper()
	for {
		c, err := Dial(t.Context(), "unix", sock, o)
		if err == nil {
			t.Cleanup(func() { c.Close() })
			return c
		}
		var refused *net.OpError
		if !errors.As(err, &refused) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestNbdkit(t *testing.T) {
	sock := filepath.Join(t.TempDir(), "nbd")
	peer(t, "nbdkit", "nbdkit", "-f", "-U", sock, "memory", "4M")
	c := dialSoon(t, sock, Options{})
	if c.terms.mode != structured || !c.terms.meta {
		t.Errorf("agreed on %+v", c.terms)
	}
	exercise(t, c)
}

func TestNbdkitFile(t *testing.T) {
	dir := t.TempDir()
	sock, file := filepath.Join(dir, "nbd"), filepath.Join(dir, "file")
	if err := os.WriteFile(file, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	peer(t, "nbdkit", "nbdkit", "-f", "-U", sock, "file", file)
	exercise(t, dialSoon(t, sock, Options{}))
	// Of the old kind, without replies to options.
	exercise(t, dialSoon(t, sock, Options{NoStructured: true}))
}

func TestQemuNbd(t *testing.T) {
	dir := t.TempDir()
	sock, file := filepath.Join(dir, "nbd"), filepath.Join(dir, "qcow2")
	tool(t, "qemu-utils", "qemu-img", "create", "-q", "-f", "qcow2", file, "4M")
	peer(t, "qemu-utils", "qemu-nbd", "-t", "-f", "qcow2", "-x", "disk", "-k", sock, file)
	exercise(t, dialSoon(t, sock, Options{Export: "disk"}))
}

// recorder is a disk that keeps the flags of its writes.
type recorder struct {
	*memory
	mu    sync.Mutex
	flags []block.WriteFlags
}

func (r *recorder) Write(ctx context.Context, p []byte, off int64, f block.WriteFlags) error {
	r.mu.Lock()
	r.flags = append(r.flags, f)
	r.mu.Unlock()
	return r.memory.Write(ctx, p, off, f)
}

// taken returns the flags of the writes since the last call.
func (r *recorder) taken() []block.WriteFlags {
	r.mu.Lock()
	defer r.mu.Unlock()
	flags := r.flags
	r.flags = nil
	return flags
}

// TestDurableZeros: zeros that are sent as data are durable where that is asked,
// by FUA or by a flush, whichever the server has.
func TestDurableZeros(t *testing.T) {
	r := &recorder{memory: newMemory(4 << 20)}
	c := dial(t, serve(t, &Server{Exports: Fixed{{Device: r}}}), Options{})
	c.terms.flags &^= flagWriteZeroes
	if err := c.Zero(t.Context(), 0, 3<<20, block.ZeroFUA); err != nil {
		t.Fatal(err)
	}
	if got, want := r.taken(), []block.WriteFlags{block.FUA, block.FUA, block.FUA}; !slices.Equal(got, want) {
		t.Errorf("flags %v of writes, not %v", got, want)
	}
	c.terms.flags &^= flagFUA
	if err := c.Zero(t.Context(), 0, 1<<20, block.ZeroFUA); err != nil || r.flush.Load() == 0 {
		t.Errorf("%v, %d flushes", err, r.flush.Load())
	}
}

// TestUseWhileAsked: who is told of extents may read them, also when only one
// command may be on its way.
func TestUseWhileAsked(t *testing.T) {
	m, whole := speckled(t, 1<<20)
	c := dial(t, serve(t, &Server{Exports: Fixed{{Device: m}}}), Options{InFlight: 1})
	err := c.Extents(t.Context(), 0, m.size, func(e block.Extent) bool {
		p := make([]byte, e.Length)
		if err := c.Read(t.Context(), p, e.Offset); err != nil || !bytes.Equal(p, whole[e.Offset:][:e.Length]) {
			t.Errorf("%+v: %v, or other bytes", e, err)
			return false
		}
		return true
	})
	if err != nil {
		t.Error(err)
	}
}

// gate is a connection that holds up the data of writes.
type gate struct {
	net.Conn
	held, open chan struct{}
}

func (g gate) Write(p []byte) (int, error) {
	if len(p) > 4096 {
		g.held <- struct{}{}
		<-g.open
	}
	return g.Conn.Write(p)
}

// TestCancelWhileSending: a write that is given up while it is sent costs
// nobody the connection, if the server takes the rest of it.
func TestCancelWhileSending(t *testing.T) {
	sock := serve(t, &Server{Exports: Fixed{{Device: newMemory(1 << 20)}}})
	nc, err := net.Dial("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	g := gate{nc, make(chan struct{}), make(chan struct{})}
	c, err := NewClient(t.Context(), g, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	wrote := make(chan error)
	go func() { wrote <- c.Write(ctx, make([]byte, 64<<10), 0, 0) }()
	<-g.held
	cancel()
	close(g.open)
	if err := <-wrote; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := c.Flush(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestStuckServer: a server that takes no more of a write loses the connection
// when the write is given up.
func TestStuckServer(t *testing.T) {
	server, client := net.Pipe()
	defer server.Close()
	c := newClient(&negotiation{nc: client, in: bufio.NewReader(client), terms: terms{size: 1 << 20, minBlock: 1, maxPayload: 1 << 20}})
	go c.receive()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		io.ReadFull(server, make([]byte, 1000))
		cancel()
	}()
	if err := c.Write(ctx, make([]byte, 64<<10), 0, 0); !errors.Is(err, block.ErrGone) && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := c.Read(t.Context(), make([]byte, 1), 0); !errors.Is(err, block.ErrGone) {
		t.Error(err)
	}
	c.Close()
}

// TestCloseStuck: a server that takes no more of a write doesn't hold up Close.
func TestCloseStuck(t *testing.T) {
	server, client := net.Pipe()
	defer server.Close()
	c := newClient(&negotiation{nc: client, in: bufio.NewReader(client), terms: terms{size: 1 << 20, minBlock: 1, maxPayload: 1 << 20}})
	go c.receive()
	wrote := make(chan error)
	go func() { wrote <- c.Write(t.Context(), make([]byte, 64<<10), 0, 0) }()
	if _, err := io.ReadFull(server, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := <-wrote; !errors.Is(err, block.ErrGone) {
		t.Error(err)
	}
}
