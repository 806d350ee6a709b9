package main

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestFlagsNameTheirValues: help says "--backing file" and not "--backing string".
func TestFlagsNameTheirValues(t *testing.T) {
	everyCommand(rootCommand(), func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			for _, usage := range []string{f.Usage, brief(cmd, f.Name)} {
				named := *f
				named.Usage = usage
				if value, _ := pflag.UnquoteUsage(&named); usage != "" && (value == "string" || value == "strings") {
					t.Errorf("%s: --%s %s", cmd.CommandPath(), f.Name, value)
				}
			}
		})
	})
}
