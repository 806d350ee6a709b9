package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestExitCodesAreTold: scripts rely on the exit codes, so the manual of each
// command that looks after disks has them.
func TestExitCodesAreTold(t *testing.T) {
	everyCommand(diskCommand(), func(cmd *cobra.Command) {
		if !strings.Contains(cmd.Long, "\nExit codes are 0 ") || !strings.Contains(cmd.Long, "usage.") {
			t.Errorf("%s --help says nothing of exit codes", cmd.CommandPath())
		}
	})
}
