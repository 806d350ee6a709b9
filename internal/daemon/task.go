package daemon

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
)

// task is a part of Spur that runs until its context ends or it fails, which
// ends the others too.
type task struct {
	name string // for the error that it ends with
	// run owns all goroutines of the task: none is left when it returns. It calls
	// ready as soon as it does what it is there for.
	run func(ctx context.Context, ready func()) error
}

// tasks is a group of tasks that runs as one.
type tasks []task

// run runs all tasks until they have ended. ready is called once, when every one
// of them was ready.
func (all tasks) run(ctx context.Context, ready func()) error {
	var waiting sync.WaitGroup
	waiting.Add(len(all))
	g, ctx := errgroup.WithContext(ctx)
	for _, t := range all {
		g.Go(func() error {
			said := sync.OnceFunc(waiting.Done)
			defer said() // nobody waits for one that has ended
			if err := t.run(ctx, said); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			return nil
		})
	}
	waiting.Wait()
	if ctx.Err() == nil {
		ready()
	}
	return g.Wait()
}
