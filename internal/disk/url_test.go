package disk_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/disk"
)

// TestNoValidator: a server that says nothing by which a change is noticed is
// read from once, and not served from.
func TestNoValidator(t *testing.T) {
	content := bytes.Repeat([]byte("spur disk of 512 "), 200000)
	content = content[:len(content)/512*512+100]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}))
	defer server.Close()
	url := server.URL + "/disk.img"
	if _, err := disk.Open(t.Context(), url, disk.Options{ReadOnly: true}); err == nil || !strings.Contains(advice.Of(err), "spur disk convert "+url) {
		t.Errorf("opened to be served: %v (%s)", err, advice.Of(err))
	}
	to := filepath.Join(t.TempDir(), "disk.img")
	if err := disk.Convert(t.Context(), url, to, disk.ConvertOptions{To: diskimage.Raw}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(to)
	if want := append(content, make([]byte, 412)...); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the copy of %d bytes isn't what is there: %v", len(got), err)
	}
}

// TestLengthChanges: of such a server at least the length is checked.
func TestLengthChanges(t *testing.T) {
	var size atomic.Int64
	size.Store(8 << 20)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(make([]byte, size.Add(512))))
	}))
	defer server.Close()
	to := filepath.Join(t.TempDir(), "disk.img")
	err := disk.Convert(t.Context(), server.URL, to, disk.ConvertOptions{To: diskimage.Raw})
	if err == nil || !strings.Contains(err.Error(), "was changed on its server") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("what was made is left")
	}
}

// TestNoRanges: a server without ranges is said to be one, with what to do.
func TestNoRanges(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 4096))
	}))
	defer server.Close()
	err := disk.Convert(t.Context(), server.URL, filepath.Join(t.TempDir(), "disk.qcow2"), disk.ConvertOptions{})
	if err == nil || !strings.Contains(advice.Of(err), "download it") {
		t.Errorf("%v (%s)", err, advice.Of(err))
	}
}
