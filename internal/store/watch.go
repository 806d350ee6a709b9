package store

import (
	"context"
	"strings"
)

// watcher is one call of Watch.
type watcher struct {
	prefix string
	events chan Event
	stop   func() bool // ends the waiting for the end of its context
}

func (m *memory) Watch(ctx context.Context, prefix string) ([]Record, <-chan Event, error) {
	if err := m.begin(ctx); err != nil {
		return nil, nil, err
	}
	defer m.mu.Unlock()
	w := &watcher{prefix: prefix, events: make(chan Event, WatchMost)}
	m.watchers[w] = struct{}{}
	w.stop = context.AfterFunc(ctx, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.end(w)
	})
	return m.list(prefix), w.events, nil
}

// tell gives an event to whoever watches its key. Nobody is waited for.
func (m *memory) tell(e Event) {
	for w := range m.watchers {
		if !strings.HasPrefix(e.Key, w.prefix) {
			continue
		}
		select {
		case w.events <- Event{Record: e.copied(), Deleted: e.Deleted}:
		default:
			m.end(w)
		}
	}
}

func (m *memory) end(w *watcher) {
	if _, watches := m.watchers[w]; watches {
		delete(m.watchers, w)
		w.stop()
		close(w.events)
	}
}
