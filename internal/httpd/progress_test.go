package httpd

import (
	"io"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// slowPeer takes 40 KB/s, like the virtual CD of a management controller.
type slowPeer struct{ *httptest.ResponseRecorder }

func (p slowPeer) Write(b []byte) (int, error) {
	time.Sleep(time.Duration(len(b)) * time.Second / 40_000)
	return len(b), nil
}

// Who takes a file slowly is heard of every few seconds all the same, so that
// nobody believes that the transfer stands still.
func TestProgressOfASlowPeer(t *testing.T) {
	const size = 6 << 20
	tree, _, _ := folder(t, size)
	synctest.Test(t, func(t *testing.T) {
		f, err := tree.Open("disk.img")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var longest time.Duration
		last, heard := time.Now(), 0
		w := &writer{ResponseWriter: slowPeer{httptest.NewRecorder()}, progress: func(int64) {
			heard++
			longest = max(longest, time.Since(last))
			last = time.Now()
		}}
		n, err := w.ReadFrom(&io.LimitedReader{R: newContent(f, size), N: size})
		if n != size || err != nil {
			t.Fatalf("%d bytes, %v", n, err)
		}
		if longest > 8*time.Second || heard > 2*size/chunkLeast {
			t.Errorf("nothing was heard for %s, and all in all %d times", longest, heard)
		}
	})
}
