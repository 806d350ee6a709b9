package output

import (
	"bytes"
	"io"
	"os"
	"sync"
	"time"
)

const (
	// mostWaiting bounds the messages that wait to be read, in bytes.
	mostWaiting = 1 << 20
	// patience is how long Close waits for what is left to be read.
	patience = 2 * time.Second
)

// Writer hands each Write on as one message, and never waits. What there is no
// room for, and what the reader's side refuses, is dropped; the next message
// that finds room has a line before it that says how many are missing.
type Writer struct {
	to      io.Writer
	missing func(n int) string
	wake    chan struct{} // something waits, or closed is set
	done    chan struct{} // everything was written

	mu      sync.Mutex // guards what follows
	waiting []message
	size    int // of what is waiting, in bytes
	dropped int // since the last message that waits
	closed  bool
}

type message struct {
	text  []byte
	count int // messages that are lost if this is
}

// New returns a Writer whose messages go to another one, which may block. missing
// writes the line that says how many messages were dropped.
func New(to io.Writer, missing func(n int) string) *Writer {
	w := &Writer{to: to, missing: missing, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go w.run()
	return w
}

// File is what the messages are written to where that is a file, else nil.
func (w *Writer) File() *os.File {
	f, _ := w.to.(*os.File)
	return f
}

// Dropped is how many messages are missing of which no line has told yet.
func (w *Writer) Dropped() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dropped
}

// Write implements io.Writer. It fails only after Close.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return 0, os.ErrClosed
	case w.size+len(p) > mostWaiting:
		w.dropped++
		return len(p), nil
	}
	w.note()
	w.add(message{bytes.Clone(p), 1})
	return len(p), nil
}

// note queues the line about what is missing. The caller holds mu.
func (w *Writer) note() {
	if w.dropped > 0 {
		w.add(message{[]byte(w.missing(w.dropped)), w.dropped})
		w.dropped = 0
	}
}

func (w *Writer) add(m message) {
	w.waiting = append(w.waiting, m)
	w.size += len(m.text)
	w.rouse()
}

func (w *Writer) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run writes until Close, and then what is left.
func (w *Writer) run() {
	defer close(w.done)
	for {
		batch, closed := w.take()
		for _, m := range batch {
			_, err := w.to.Write(m.text)
			w.written(m, err)
		}
		if len(batch) > 0 {
			continue
		}
		if closed {
			return
		}
		<-w.wake
	}
}

func (w *Writer) take() ([]message, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	batch := w.waiting
	w.waiting = nil
	return batch, w.closed
}

func (w *Writer) written(m message, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.size -= len(m.text)
	if err != nil {
		w.dropped += m.count
	}
}

// Close waits for what is left to be written, two seconds at most: then a reader
// that has stopped is left to itself, and the write that it holds up ends with
// the process, if not before.
func (w *Writer) Close() error {
	w.mu.Lock()
	w.note()
	w.closed = true
	w.rouse()
	w.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-w.done:
	case <-timer.C:
	}
	return nil
}
