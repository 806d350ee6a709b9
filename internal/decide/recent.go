package decide

import "container/list"

// recent remembers values by keys. It holds clientsMost of them and forgets the one
// that was noted longest ago. The zero value is ready for use.
type recent[K comparable, V any] struct {
	byKey map[K]*list.Element
	order list.List // of noted, the latest first
}

type noted[K comparable, V any] struct {
	key   K
	value V
}

// clientsMost bounds how many addresses and how many machines are remembered.
const clientsMost = 4096

func (r *recent[K, V]) note(key K, value V) {
	if r.byKey == nil {
		r.byKey = map[K]*list.Element{}
	}
	if old, ok := r.byKey[key]; ok {
		r.order.Remove(old)
	}
	r.byKey[key] = r.order.PushFront(noted[K, V]{key, value})
	if r.order.Len() > clientsMost {
		last := r.order.Remove(r.order.Back()).(noted[K, V])
		delete(r.byKey, last.key)
	}
}

func (r *recent[K, V]) find(key K) (value V, ok bool) {
	at, ok := r.byKey[key]
	if !ok {
		return value, false
	}
	return at.Value.(noted[K, V]).value, true
}
