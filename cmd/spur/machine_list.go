package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/machines"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/size"
)

func machineListCommand() *cobra.Command {
	var data string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list --data DIR",
		Short: "List the machines that have booted or failed to, how, and which of them with --once",
		Example: `  spur machine list --data /var/lib/spur
  spur machine list --data /var/lib/spur --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := machineArguments(cmd, data, nil); err != nil {
				return err
			}
			known, damaged := machines.List(data)
			if len(known) == 0 && damaged == nil {
				fmt.Fprintf(cmd.ErrOrStderr(), "no machine has booted over %s, and none has failed to\n", data)
			}
			for _, m := range known {
				line := machineLine(m)
				if asJSON {
					b, err := json.Marshal(m)
					if err != nil {
						return err
					}
					line = string(b)
				}
				fmt.Fprintln(cmd.OutOrStdout(), line)
			}
			return damaged
		},
	}
	machineData(cmd, &data)
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// by says by which routes a machine booted, which nobody knows of one that came by other
// DHCP servers' word.
func by(routes []string) string {
	if len(routes) == 0 {
		return ""
	}
	return " by " + strings.Join(routes, ", ")
}

// machineLine says in one line what is kept of a machine.
func machineLine(m machines.Machine) string {
	line := m.MAC.String()
	add := func(format string, a ...any) { line += "  " + fmt.Sprintf(format, a...) }
	if m.Image != 0 {
		add("chose the NetBoot image %#08x", m.Image)
	}
	if !m.Booted.IsZero() {
		add("booted %s%s", m.Booted.Local().Format(time.DateTime), by(m.Routes))
	}
	if m.Shape != "" {
		add("offer of the shape %s", m.Shape)
	}
	if m.Pace > 0 {
		add("downloads at %s/s at most", size.Format(m.Pace))
	}
	if len(m.Failed) > 0 {
		add("routes that failed: %s", strings.Join(m.Failed, ", "))
	}
	if f := m.Failure; f != nil {
		text := "failed " + f.Began.Local().Format(time.DateTime)
		if f.Cause != "" {
			text += ": " + f.Cause + ": " + f.Seen
		}
		add("%s", text)
	}
	if m.Another {
		add("another way the next time")
	}
	if !m.Once.IsZero() {
		add("booted with --once %s", m.Once.Local().Format(time.DateTime))
	}
	return printable.Text(line)
}
