package tftp

import (
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A spread keeps the workers of a poller on different cores. The kernel does so
// where a core is idle for long; one that rests for some tens of microseconds at
// a time, as a crowd's answers come, takes over nothing (newidle_balance in
// kernel/sched/fair.c): two workers then share a core beside one that is half
// idle, for as long as the crowd lasts.
type spread struct {
	on [maxWorkers]atomic.Int32 // the core, from 1, that each worker was seen on last
}

// A seat is what one worker knows of that.
type seat struct {
	worker int
	shared int       // times in a row that another was there too
	moved  time.Time // last
}

const (
	// sharedTooOften is how often in a row a worker finds another on its core
	// before it moves: once may be for a moment.
	sharedTooOften = 3
	// stay is how long it stays where it moved to, for others than the workers
	// may want that core.
	stay = 50 * time.Millisecond
)

// look moves a worker to a core that no other is on, if there is one and the
// present isn't such.
func (s *spread) look(w *seat, now time.Time) {
	core := presentCore()
	s.on[w.worker].Store(core)
	if !s.taken(core, w.worker) {
		w.shared = 0
		return
	}
	if w.shared++; w.shared < sharedTooOften || now.Sub(w.moved) < stay {
		return
	}
	w.shared, w.moved = 0, now
	s.move(w.worker)
}

func (s *spread) taken(core int32, except int) bool {
	for i := range s.on {
		if i != except && s.on[i].Load() == core {
			return true
		}
	}
	return false
}

// move has the kernel move this thread, which may go elsewhere afterwards.
func (s *spread) move(worker int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var may, only unix.CPUSet
	if unix.SchedGetaffinity(0, &may) != nil {
		return
	}
	for core := range int32(len(may) * int(unsafe.Sizeof(may[0])) * 8) {
		if may.IsSet(int(core)) && !s.taken(core+1, worker) {
			only.Set(int(core))
			if unix.SchedSetaffinity(0, &only) == nil {
				_ = unix.SchedSetaffinity(0, &may) // it was so before
				s.on[worker].Store(core + 1)
			}
			return
		}
	}
}

// presentCore is the core that this thread is on, from 1.
func presentCore() int32 {
	var core uint32
	_, _, _ = unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&core)), 0, 0) // can't fail
	return int32(core) + 1
}
