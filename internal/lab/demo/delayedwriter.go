package demo

import (
	"io"
	"sync"
)

// delayedWriter keeps what is written until it is released: what a Spur says
// that doesn't start is told once, as an error.
type delayedWriter struct {
	w io.Writer

	mu      sync.Mutex
	pending []byte
	open    bool
}

func (d *delayedWriter) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open {
		return d.w.Write(p)
	}
	d.pending = append(d.pending, p...)
	return len(p), nil
}

// release writes what was kept; what comes later is written at once.
func (d *delayedWriter) release() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open = true
	_, err := d.w.Write(d.pending)
	d.pending = nil
	return err
}
