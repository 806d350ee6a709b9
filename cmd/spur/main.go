// Command spur boots any machine over the network.
//
// Each command has a file of its own that turns flags into a value and hands
// it to internal/daemon or internal/lab; nothing is decided here.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/hint"
)

func main() { os.Exit(run(os.Args[1:])) }

// Exit codes; scripts rely on them.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is an error in how the command was called.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	defer stop()
	root := rootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	complain(err)
	if errors.As(err, &usageError{}) {
		return exitUsage
	}
	return exitFailed
}

// endings are the signals that end a command in good order. A SIGHUP that is
// ignored is not among them: whoever started us with nohup wants us to stay.
func endings() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return all
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "spur",
		Short: "Boot any machine over the network",
		Long: `Spur boots any machine over the network.

    sudo spur boot vmlinuz initrd.img --cmdline "console=ttyS0"

boots every machine on the wire that asks, beside the DHCP server that is
there already. No DHCP server has to be edited, no TFTP folder laid out, no
loader configured; and when a machine does not boot, Spur says why.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(cmd, fmt.Errorf("unknown command %q", args[0]))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(usage)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(bootCommand(), apiCommand(), explainCommand(), labCommand(), diskCommand(), versionCommand())
	return root
}

// usage marks an error as one of the call.
func usage(cmd *cobra.Command, err error) error {
	return usageError{hint.Wrap(err, fmt.Sprintf("see %s --help", cmd.CommandPath()))}
}

// arguments checks the number of a command's arguments.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage(cmd, err)
		}
		return nil
	}
}
