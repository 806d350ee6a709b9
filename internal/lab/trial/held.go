package trial

import (
	"io"
	"sync"
)

// held keeps what is written until it is released: what a Spur says that doesn't
// start is told once, as an error.
type held struct {
	w io.Writer

	mu   sync.Mutex
	kept []byte
	open bool
}

func (h *held) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open {
		return h.w.Write(p)
	}
	h.kept = append(h.kept, p...)
	return len(p), nil
}

// release writes what was kept; what comes later is written at once.
func (h *held) release() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open = true
	_, err := h.w.Write(h.kept)
	h.kept = nil
	return err
}
