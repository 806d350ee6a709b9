package decide

import (
	"container/list"

	"github.com/spurboot/spur/internal/boot"
)

const (
	// recentMost bounds how many values a table remembers.
	recentMost = 4096
	// senderMost bounds how many of them came from one sender: a router brings those of
	// many machines, and whoever makes machines up gets no more either.
	senderMost = recentMost / 4
)

// recent remembers values by keys, each for the sender whose packet has shown it. Where
// there is no room it forgets what was noted longest ago: of a sender that has its
// share, one of that sender's. The zero value is ready for use.
type recent[K comparable, V any] struct {
	forgot func(K) // told of every key that is not remembered any more; may be nil

	byKey map[K]*list.Element
	order list.List // of *noted, the latest first
	held  map[boot.MAC]int
}

type noted[K comparable, V any] struct {
	key    K
	sender boot.MAC
	value  V
}

func (r *recent[K, V]) note(key K, sender boot.MAC, value V) {
	if r.byKey == nil {
		r.byKey, r.held = map[K]*list.Element{}, map[boot.MAC]int{}
	}
	r.forget(key)
	switch {
	case r.held[sender] == senderMost:
		r.forgetOldest(func(by boot.MAC) bool { return by == sender })
	case r.order.Len() == recentMost:
		r.forgetOldest(func(boot.MAC) bool { return true })
	}
	r.byKey[key] = r.order.PushFront(&noted[K, V]{key, sender, value})
	r.held[sender]++
}

// forgetOldest forgets the oldest value of some senders.
func (r *recent[K, V]) forgetOldest(of func(sender boot.MAC) bool) {
	for e := r.order.Back(); e != nil; e = e.Prev() {
		if n := e.Value.(*noted[K, V]); of(n.sender) {
			r.forget(n.key)
			return
		}
	}
}

func (r *recent[K, V]) find(key K) (value V, ok bool) {
	at, ok := r.byKey[key]
	if !ok {
		return value, false
	}
	return at.Value.(*noted[K, V]).value, true
}

func (r *recent[K, V]) forget(key K) {
	at, ok := r.byKey[key]
	if !ok {
		return
	}
	n := r.order.Remove(at).(*noted[K, V])
	delete(r.byKey, key)
	if r.held[n.sender]--; r.held[n.sender] == 0 {
		delete(r.held, n.sender)
	}
	if r.forgot != nil {
		r.forgot(key)
	}
}
