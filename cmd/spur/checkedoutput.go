package main

import (
	"io"
	"sync"

	"github.com/spf13/cobra"
)

// checked has a command, and those below it, fail whose output can't be written.
func checked(cmd *cobra.Command) *cobra.Command {
	everyCommand(cmd, func(cmd *cobra.Command) {
		run := cmd.RunE
		if run == nil {
			return
		}
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			out := &checkedOutput{w: cmd.OutOrStdout()}
			cmd.SetOut(out)
			if err := run(cmd, args); err != nil {
				return err
			}
			return out.failed()
		}
	})
	return cmd
}

// checkedOutput remembers the first error of writing.
type checkedOutput struct {
	w   io.Writer
	mu  sync.Mutex
	err error
}

func (c *checkedOutput) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.w.Write(p)
	if c.err == nil {
		c.err = err
	}
	return n, err
}

func (c *checkedOutput) failed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
