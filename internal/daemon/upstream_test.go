package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/httpd"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/seal"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
	"github.com/spurboot/spur/tftp"
)

// origin is a web server that has one file, and trouble.
type origin struct {
	*httptest.Server
	asked  atomic.Int64
	breaks atomic.Int64 // how many answers are yet to break in their middle

	mu     sync.Mutex
	etag   string
	data   []byte
	status int           // answered instead of the file
	nap    time.Duration // between two pieces
	noSize bool
}

func newOrigin(t *testing.T) *origin {
	o := &origin{}
	o.put(1)
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Close)
	return o
}

// put replaces the file by the n-th version of it. The versions have one size,
// so that nothing but the validator tells them apart.
func (o *origin) put(n uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.etag, o.data = fmt.Sprintf(`"v%d"`, n), version(n)
}

// version is the n-th version of the file.
func version(n uint64) []byte {
	b := make([]byte, 1_500_000)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.asked.Add(1)
	o.mu.Lock()
	p := &pieces{ResponseWriter: w, nap: o.nap, left: len(o.data)}
	data, etag, status, noSize := o.data, o.etag, o.status, o.noSize
	o.mu.Unlock()
	if status != 0 {
		w.WriteHeader(status)
		return
	}
	if o.breaks.Add(-1) >= 0 {
		p.left /= 2
	}
	if noSize {
		_ = http.NewResponseController(w).Flush() // the header goes without a length
		_, _ = io.Copy(p, struct{ io.Reader }{bytes.NewReader(data)})
		return
	}
	w.Header().Set("ETag", etag)
	http.ServeContent(p, r, "", time.Time{}, bytes.NewReader(data))
}

// pieces writes a body slowly, and cuts the connection when left is used up.
type pieces struct {
	http.ResponseWriter
	nap  time.Duration
	left int
}

func (p *pieces) Write(b []byte) (int, error) {
	time.Sleep(p.nap)
	if p.left -= len(b); p.left < 0 {
		_ = http.NewResponseController(p.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	return p.ResponseWriter.Write(b)
}

// gateway is Spur's file server over one upstream file.
type gateway struct {
	*testing.T
	client *http.Client
	url    string // of the file, as a machine knows it

	mu      sync.Mutex
	ended   int // fetches that the timeline heard of
	awaited int // and waits
	files   *files
}

// newGateway wires the file server as serve does.
func newGateway(t *testing.T, upstream string, o fetch.Options) *gateway {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	o.Dir = t.TempDir()
	cache, err := fetch.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{T: t, client: &http.Client{Transport: &http.Transport{}}}
	names := tree.Names{Key: seal.NewKey()}
	mac := boot.MAC{0x52, 0x54, 0, 0xaa, 0xbb, 1}
	g.url = fmt.Sprintf("http://%s/%s/disk.img", ln.Addr(), names.File(mac, route.Kernel, boot.File{Source: upstream}, false))
	f := &files{
		tree:    &tree.Tree{Names: names, Sources: tree.Sources{Upstream: openURL(cache)}, HTTPPort: 80, TFTPPort: 69},
		events:  timeline.New(timeline.Config{Observers: []func(timeline.Update){g.observe}}),
		clients: &decide.Clients{},
		booted:  func(boot.MAC) {},
	}
	g.files = f
	web := httpd.Server{Handler: f.httpServer(newNotices(Config{Out: io.Discard}), route.HTTP).Handler}
	running.Go(func() { f.events.Run(ctx) })
	running.Go(func() {
		if err := web.Serve(ctx, ln); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		g.client.CloseIdleConnections()
		cancel()
		running.Wait()
		if err := cache.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func (g *gateway) observe(u timeline.Update) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range u.Steps {
		switch s.Kind {
		case timeline.FetchEnd:
			g.ended++
		case timeline.Awaited:
			g.awaited++
		}
	}
}

// get fetches the file, or the given range of it ("" for all).
func (g *gateway) get(bytes string) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(g.Context(), http.MethodGet, g.url, nil)
	if err != nil {
		return nil, nil, err
	}
	if bytes != "" {
		req.Header.Set("Range", "bytes="+bytes)
	}
	resp, err := g.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, b, err
}

// asked is the part of a file that an answer has to be.
func asked(resp *http.Response, whole []byte) ([]byte, error) {
	if resp.StatusCode == http.StatusOK {
		return whole, nil
	}
	var first, last, size int
	_, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &size)
	if err != nil || resp.StatusCode != http.StatusPartialContent || size != len(whole) || first > last || last >= size {
		return nil, fmt.Errorf("%s with the range %q", resp.Status, resp.Header.Get("Content-Range"))
	}
	return whole[first : last+1], nil
}

// clients are twelve machines that fetch at once: half of them all of it, the
// others parts, as loaders and the firmware's RAM disks do.
var clients = []string{
	"", "", "", "", "", "", "0-0", "100000-199999", "700000-", "-65536", "1400000-1499999", "749999-750001",
}

func TestUpstreamForManyMachines(t *testing.T) {
	for _, test := range []struct {
		name string
		set  func(*origin)
		most int64 // requests upstream
	}{
		{"slow", func(o *origin) { o.nap = 5 * time.Millisecond }, 1},
		{"breaks once", func(o *origin) { o.nap = time.Millisecond; o.breaks.Store(1) }, 2},
		{"without a length", func(o *origin) { o.nap = time.Millisecond; o.noSize = true }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := newOrigin(t)
			test.set(o)
			g := newGateway(t, o.URL+"/disk.img", fetch.Options{Fresh: time.Hour})
			var wg sync.WaitGroup
			for _, part := range clients {
				wg.Go(func() { g.wantPart(part, o.data) })
			}
			wg.Wait()
			if n := o.asked.Load(); n > test.most {
				t.Errorf("the upstream was asked %d times, want at most %d", n, test.most)
			}
			for until := time.Now().Add(5 * time.Second); g.told() == 0; time.Sleep(time.Millisecond) {
				if time.Now().After(until) {
					t.Fatal("the timeline heard of no fetch")
				}
			}
		})
	}
}

// A machine is made to wait for the size of a file whose server doesn't say it,
// over HTTP and TFTP, and its story says so.
func TestSizeIsWaitedFor(t *testing.T) {
	o := newOrigin(t)
	o.noSize, o.nap = true, time.Millisecond
	g := newGateway(t, o.URL+"/disk.img", fetch.Options{})
	resp, body, err := g.get("")
	if err != nil || resp.ContentLength != int64(len(o.data)) || !bytes.Equal(body, o.data) {
		t.Errorf("HTTP: %v, %d bytes, %v", resp, len(body), err)
	}
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		g.mu.Lock()
		told := g.awaited
		g.mu.Unlock()
		if told == 1 {
			break
		}
		if time.Now().After(until) {
			t.Fatal("the story says nothing of it")
		}
	}
	request := &tftp.Request{Filename: strings.SplitN(g.url, "/", 4)[3]}
	f, err := g.files.openTFTP(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if info, err := f.(fs.File).Stat(); err != nil || info.Size() != int64(len(o.data)) {
		t.Errorf("TFTP: %v, %v", info, err)
	}
}

// What machines will ask for is fetched before they do, where they would have to
// wait for all of it.
func TestBring(t *testing.T) {
	o := newOrigin(t)
	o.noSize, o.nap = true, time.Millisecond
	cache, err := fetch.New(fetch.Options{Dir: t.TempDir(), Fresh: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	d := &daemon{cache: cache}
	d.fetchAhead(t.Context(), boot.File{Source: "/local/file"})
	d.fetchAhead(t.Context(), boot.File{Source: o.URL + "/disk.img"})
	f, err := cache.Open(t.Context(), o.URL+"/disk.img")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() != int64(len(o.data)) || o.asked.Load() != 1 {
		t.Errorf("%v, %v; the upstream was asked %d times", info, err, o.asked.Load())
	}
}

func (g *gateway) told() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ended
}

func (g *gateway) wantPart(part string, data []byte) {
	resp, got, err := g.get(part)
	if err != nil {
		g.Errorf("%q: %v", part, err)
		return
	}
	want, err := asked(resp, data)
	if err != nil || !bytes.Equal(got, want) {
		g.Errorf("%q: %d bytes that are not those of the file, %v", part, len(got), err)
	}
	if resp.ContentLength != int64(len(want)) {
		g.Errorf("%q: the answer says that it has %d bytes", part, resp.ContentLength)
	}
	if part != "" && resp.StatusCode != http.StatusPartialContent {
		g.Errorf("%q: %s", part, resp.Status)
	}
}

// Who asks learns what is wrong, and nothing of where the file lies.
func TestUpstreamRefuses(t *testing.T) {
	dead := httptest.NewServer(nil)
	dead.Close()
	for status, want := range map[int]int{
		http.StatusNotFound: 404, http.StatusForbidden: 403, http.StatusInternalServerError: 502,
		http.StatusServiceUnavailable: 503, 0: 502,
	} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			o := newOrigin(t)
			o.status = status
			url := o.URL
			if status == 0 {
				url = dead.URL
			}
			g := newGateway(t, url+"/disk.img", fetch.Options{})
			resp, body, err := g.get("")
			if err != nil || resp.StatusCode != want {
				t.Fatalf("%v, %v; want %d", resp, err, want)
			}
			if strings.Contains(string(body), strings.TrimPrefix(url, "http://")) {
				t.Errorf("the answer names the upstream: %s", body)
			}
		})
	}
}

// The upstream replaces the file by another one of the same size, again and
// again, and breaks: a client gets one version, or its transfer is cut off.
func TestUpstreamChanges(t *testing.T) {
	o := newOrigin(t)
	o.nap = time.Millisecond
	g := newGateway(t, o.URL+"/disk.img", fetch.Options{Fresh: time.Nanosecond})
	whole := map[string][]byte{}
	for n := uint64(1); n <= 4; n++ {
		whole[fmt.Sprintf(`"v%d"`, n)] = version(n)
	}
	stop, changing := make(chan struct{}), sync.WaitGroup{}
	changing.Go(func() {
		for n := uint64(1); ; n++ {
			o.put(1 + n%4)
			o.breaks.Store(1)
			select {
			case <-stop:
				return
			case <-time.After(30 * time.Millisecond):
			}
		}
	})
	var wg sync.WaitGroup
	var complete atomic.Int64
	for _, part := range clients {
		wg.Go(func() {
			for range 5 {
				if g.wantOneVersion(part, whole) {
					complete.Add(1)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	changing.Wait()
	if complete.Load() == 0 {
		t.Error("no transfer came to its end")
	}
	t.Logf("%d of %d transfers came to their end", complete.Load(), 5*len(clients))

	o.breaks.Store(0)
	o.put(3)
	if resp, b, err := g.get(""); err != nil || resp.Header.Get("ETag") != `"v3"` || !bytes.Equal(b, whole[`"v3"`]) {
		t.Errorf("once all is quiet: %d bytes, %v", len(b), err)
	}
}

// wantOneVersion fetches once; what came, also before a transfer was cut off,
// must be of the version that its header names. It returns whether all came.
func (g *gateway) wantOneVersion(part string, whole map[string][]byte) bool {
	resp, got, err := g.get(part)
	if errors.Is(err, io.EOF) {
		return false // cut off with the header still in a buffer
	}
	if resp == nil {
		g.Errorf("%q: %v", part, err)
		return false
	}
	if resp.StatusCode == http.StatusBadGateway {
		return false
	}
	want, rangeErr := asked(resp, whole[resp.Header.Get("ETag")])
	if rangeErr != nil || !bytes.HasPrefix(want, got) {
		g.Errorf("%q: %d bytes are not of version %s, %v", part, len(got), resp.Header.Get("ETag"), rangeErr)
	}
	if err == nil && len(got) != len(want) || err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		g.Errorf("%q: %d of %d bytes, %v", part, len(got), len(want), err)
	}
	return err == nil
}
