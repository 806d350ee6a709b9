package lab

import (
	"testing"
	"time"
)

// A program's cost is told once it has ended, under its own name also where `ip` started
// it, and with what its children took.
func TestEnded(t *testing.T) {
	costs := make(chan Ended, 1)
	l := must[*Lab](t)(New(t.Context(), Options{Ended: func(e Ended) { costs <- e }}))
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	h := must[*Host](t)(l.Host("host"))
	p := must[*Process](t)(h.Start("sh", "-c", "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; sleep 0.2"))
	if err := p.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	cost := <-costs
	if cost.Program != "sh" || cost.Machine() {
		t.Errorf("%+v is not the shell that was started", cost)
	}
	if cost.CPU < 20*time.Millisecond || cost.Ran < cost.CPU+100*time.Millisecond {
		t.Errorf("it ran for %v, of which a processor %v", cost.Ran, cost.CPU)
	}
}
