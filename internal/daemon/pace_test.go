package daemon

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/httpd"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/seal"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

// A machine whose network stack hangs in a large download is sent the next one
// at a pace, and its story says so; other machines are sent theirs as before.
// The timeline's clock runs ten times as fast as the wall's.
func TestStalledDownload(t *testing.T) {
	const fast, size = 10, 64 << 20
	disk := filepath.Join(t.TempDir(), "initrd.img")
	if err := os.WriteFile(disk, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(disk, size); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	began, names := time.Now(), tree.Names{Key: seal.NewKey()}
	f := &files{
		tree:    &tree.Tree{Names: names, Sources: tree.Sources{Local: tree.NamedFiles([]boot.File{{Source: disk}})}, HTTPPort: 80, TFTPPort: 69},
		events:  timeline.New(timeline.Config{Now: func() time.Time { return began.Add(time.Since(began) * fast) }}),
		clients: &decide.Clients{}, booted: func(boot.MAC) {},
	}
	web := httpd.Server{Handler: f.httpServer(newNotices(Config{Out: io.Discard}), route.HTTP).Handler, Bounds: httpd.Bounds{StallTimeout: 30 * time.Second / fast}}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { f.events.Run(ctx) })
	running.Go(func() {
		if err := web.Serve(ctx, ln); err != nil {
			t.Error(err)
		}
	})
	defer running.Wait()
	defer cancel()

	hangs, other := answertest.Machine(1, boot.UEFI, boot.ROM).MAC, answertest.Machine(2, boot.UEFI, boot.ROM).MAC
	path := func(mac boot.MAC) string {
		return "/" + names.File(mac, route.Initrd, boot.File{Source: disk}, false) + "/initrd.img"
	}
	// Its kernel would otherwise go on taking what the machine doesn't read.
	small := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 128<<10) })
	}}
	stuck, err := small.Dial("tcp4", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close()
	if _, err := fmt.Fprintf(stuck, "GET %s HTTP/1.1\r\nHost: spur\r\n\r\n", path(hangs)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, stuck, 3<<20); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); f.events.Pace(hangs) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the stall was not noticed: %+v", f.events.Attempts(hangs))
		}
	}

	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for _, mac := range []boot.MAC{other, hangs} {
		r, err := client.Get("http://" + ln.Addr().String() + path(mac))
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, io.LimitReader(r.Body, size/8))
		_ = r.Body.Close()
		if err != nil || n != size/8 {
			t.Errorf("%d bytes, %v", n, err)
		}
		var story strings.Builder
		for _, a := range f.events.Attempts(mac) {
			for _, s := range a.Steps {
				story.WriteString(s.Text + "\n")
			}
		}
		if told := strings.Contains(story.String(), "initrd initrd.img is sent at 16 MiB/s at most, since a download has stalled"); told != (mac == hangs) {
			t.Errorf("the story of %s is:\n%s", mac, story.String())
		}
	}
	if f.events.Pace(other) != 0 {
		t.Error("a machine that took its file is sent the next one slower")
	}
}
