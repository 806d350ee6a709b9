package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestExitCodesAreTold: scripts rely on the exit codes, so the manual of each
// command that does something to hosts, machines or disks has them.
func TestExitCodesAreTold(t *testing.T) {
	told := []*cobra.Command{bootCommand(), enrollKeysCommand(), apiCommand(), explainCommand(), labCommand(), machineCommand()}
	everyCommand(diskCommand(), func(cmd *cobra.Command) { told = append(told, cmd) })
	for _, cmd := range told {
		if !strings.Contains(cmd.Long, "\nExit codes are 0 ") || !strings.Contains(cmd.Long, "usage.") {
			t.Errorf("%s --help says nothing of exit codes", cmd.CommandPath())
		}
	}
}
