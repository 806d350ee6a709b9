package lab

import (
	"errors"
	"runtime"
	"sync"
)

// deathSignalStarter starts processes on one thread of its own. Linux sends a
// child its parent-death signal when the thread that started it ends, not the
// process (prctl(2), PR_SET_PDEATHSIG), so that thread has to stay until the
// lab ends; and when the lab's process is killed, its machines go with it.
type deathSignalStarter struct {
	work chan func()
	quit chan struct{}
	once sync.Once
	done sync.WaitGroup
}

var errClosed = errors.New("the lab is closed")

func newDeathSignalStarter() *deathSignalStarter {
	s := &deathSignalStarter{work: make(chan func()), quit: make(chan struct{})}
	s.done.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for {
			select {
			case f := <-s.work:
				f()
			case <-s.quit:
				return
			}
		}
	})
	return s
}

// do runs f on the starter's thread and returns its error.
func (s *deathSignalStarter) do(f func() error) error {
	result := make(chan error, 1)
	select {
	case s.work <- func() { result <- f() }:
		return <-result
	case <-s.quit:
		return errClosed
	}
}

func (s *deathSignalStarter) close() {
	s.once.Do(func() { close(s.quit) })
	s.done.Wait()
}
