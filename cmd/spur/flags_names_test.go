package main

import (
	"strings"
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

// TestHelpNamesValuesOnce: help says "--log text|json   text: for people", and the name of the
// values isn't what the text begins with again.
func TestHelpNamesValuesOnce(t *testing.T) {
	t.Setenv("COLUMNS", "100")
	helped(t, func(cmd *cobra.Command, help func(string) string) {
		for line := range strings.SplitSeq(help(everything), "\n") {
			first, text, _ := strings.Cut(strings.TrimSpace(line), "   ")
			if _, value, ok := strings.Cut(first, " "); ok && strings.HasPrefix(first, "-") && strings.HasPrefix(strings.TrimSpace(text), value+":") {
				t.Errorf("%s: %q", cmd.CommandPath(), line)
			}
		}
	})
}
