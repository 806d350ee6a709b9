package main

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestFlagsNameTheirValues: help says "--backing file" and not "--backing string".
func TestFlagsNameTheirValues(t *testing.T) {
	everyCommand(rootCommand(), func(cmd *cobra.Command) {
		for _, name := range []string{"dhcp", "root", "backing", "allow-backing"} {
			f := cmd.Flags().Lookup(name)
			if f == nil {
				continue
			}
			if value, _ := pflag.UnquoteUsage(f); value == "string" || value == "strings" {
				t.Errorf("%s: --%s %s", cmd.CommandPath(), name, value)
			}
		}
	})
}
