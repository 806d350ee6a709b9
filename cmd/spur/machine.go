package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/boot"
)

func machineCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "machine",
		Short: "See what is kept of machines, and change it",
		Long: `See what is kept of machines, and change it.

With --data DIR Spur keeps of each machine what worked on it: the routes that
brought it to its system, those that failed and are passed over, and the shape
of offer that it took; list also shows why its last boot failed, of which DIR/failed
has the record, until forget removes it. With --once, spur boot and spur api leave a machine to
its disk after it has booted, and --data keeps that too. These commands work on
it, also while Spur runs, which sees it the next time that the machine asks.

Exit codes are 0 after success, 1 after a failure, 2 for wrong usage.`,
	}
	cmd.AddCommand(machineListCommand(), machineResetCommand(), machineNextCommand(), machineForgetCommand())
	return cmd
}

// machineData adds the flag that names the folder.
func machineData(cmd *cobra.Command, data *string) {
	cmd.Flags().StringVar(data, "data", "", "the `folder` that Spur was given with --data")
}

// namedMost is how many machines are named in a line that says what was done to them.
const namedMost = 10

// tellMachines says what a command has done to machines.
func tellMachines(out io.Writer, done []boot.MAC, what string) {
	var names []string
	for _, mac := range done[:min(len(done), namedMost)] {
		names = append(names, mac.String())
	}
	if more := len(done) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	if names != nil {
		fmt.Fprintf(out, "%s: %s\n", strings.Join(names, ", "), what)
	}
}

// machineArguments reads the machines that a command is about.
func machineArguments(cmd *cobra.Command, data string, args []string) ([]boot.MAC, error) {
	if data == "" {
		return nil, usage(cmd, fmt.Errorf("--data DIR is missing"))
	}
	var macs []boot.MAC
	for _, arg := range args {
		mac, err := boot.ParseMAC(arg)
		if err != nil {
			return nil, usage(cmd, err)
		}
		macs = append(macs, mac)
	}
	return macs, nil
}
