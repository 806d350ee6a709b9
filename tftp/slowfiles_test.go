package tftp

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Files that take their time hold up nobody else, however many they are.
func TestSlowFilesHoldUpNoOther(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	path := filepath.Join(t.TempDir(), "quick")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	server := &Server{Read: func(_ context.Context, r *Request) (File, error) {
		if r.Filename == "slow" {
			return &gated{Reader: bytes.NewReader(content), gate: release}, nil
		}
		return os.Open(path)
	}}
	address := serveHere(t, server)
	fetch := func(name string, client *Client) {
		var got bytes.Buffer
		if _, err := client.Get(t.Context(), address, name, &got); err != nil || !bytes.Equal(got.Bytes(), content) {
			t.Errorf("%s: %d bytes, %v", name, got.Len(), err)
		}
	}
	var slow, quick sync.WaitGroup
	for range 10 {
		slow.Go(func() { fetch("slow", &Client{Timeout: time.Minute}) })
	}
	for i := range 8 {
		quick.Go(func() { fetch("quick", &Client{BlockSize: 1024, WindowSize: 1 + 7*(i%2)}) })
	}
	quick.Wait()
	close(release)
	slow.Wait()
}

// A gated file gives its second half when the gate is open.
type gated struct {
	*bytes.Reader
	gate chan struct{}
}

func (*gated) Close() error { return nil }

func (g *gated) ReadAt(p []byte, off int64) (int, error) {
	if off >= g.Size()/2 {
		<-g.gate
	}
	return g.Reader.ReadAt(p, off)
}
