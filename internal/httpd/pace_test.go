package httpd

import (
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A transfer that is paced takes its time; another one at the same moment, to
// the same peer even, has gone through by then. On a connection that is used
// again the next answer has no bound.
func TestPace(t *testing.T) {
	const size, rate = 6 << 20, 2 << 20
	tree, _, _ := folder(t, size)
	paced := func(tr *Transfer) int64 {
		if tr.UserAgent == "slow" {
			return rate
		}
		return 0
	}
	var spy *acceptedConns
	addr := serve(t, &Server{Handler: &Handler{Open: FS(tree), Pace: paced}}, func(ln net.Listener) net.Listener {
		spy = &acceptedConns{Listener: ln}
		return spy
	})
	get := func(c *http.Client, agent string) time.Time {
		r, err := http.NewRequest(http.MethodGet, "http://"+addr+"/disk.img", nil)
		if err != nil {
			t.Error(err)
		}
		r.Header.Set("User-Agent", agent)
		answer, err := c.Do(r)
		if err != nil {
			t.Error(err)
			return time.Now()
		}
		defer answer.Body.Close()
		if n, err := io.Copy(io.Discard, answer.Body); n != size || err != nil {
			t.Errorf("%s got %d bytes, %v", agent, n, err)
		}
		return time.Now()
	}
	slow, quick := &http.Client{Transport: &http.Transport{}}, &http.Client{Transport: &http.Transport{}}
	defer slow.CloseIdleConnections()
	defer quick.CloseIdleConnections()
	began := time.Now()
	var slowEnd, quickEnd time.Time
	var both sync.WaitGroup
	both.Go(func() { slowEnd = get(slow, "slow") })
	both.Go(func() { quickEnd = get(quick, "quick") })
	both.Wait()
	if took := slowEnd.Sub(began); took < size/rate*time.Second/2 {
		t.Errorf("the paced transfer took %s", took)
	}
	if !quickEnd.Before(slowEnd) {
		t.Error("a transfer that isn't paced waited for one that is")
	}
	if got := spy.rates(t); len(got) != 2 || got[0]+got[1] != rate-1 {
		t.Errorf("the connections are paced at %v, want %d and %d", got, rate, unpaced)
	}
	get(slow, "quick")
	if got := spy.rates(t); len(got) != 2 || got[0] != unpaced || got[1] != unpaced {
		t.Errorf("after an answer without a bound the connections are paced at %v", got)
	}
}

// acceptedConns remember what they accepted.
type acceptedConns struct {
	net.Listener
	mu    sync.Mutex
	conns []*net.TCPConn
}

func (l *acceptedConns) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, c.(*net.TCPConn))
	return c, nil
}

// rates is what each connection is paced at; -1 for no bound.
func (l *acceptedConns) rates(t *testing.T) (all []int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		raw, err := c.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		err = raw.Control(func(fd uintptr) {
			rate, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MAX_PACING_RATE)
			if err != nil {
				t.Error(err)
			}
			all = append(all, int(int32(rate)))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}
