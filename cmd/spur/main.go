// Command spur boots any machine over the network.
//
// Each command has a file of its own that turns flags into a value and hands
// it to internal/daemon or internal/lab; nothing is decided here.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/advice"
)

func main() { os.Exit(run(os.Args[1:])) }

// Exit codes; scripts rely on them.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	defer stop()
	root := rootCommand()
	root.SetArgs(helpWithSubject(root, joined(args)))
	manual := newManual(root)
	cmd, err := root.ExecuteContextC(ctx)
	if err = errors.Join(err, manual.err); err == nil {
		return exitDone
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, cause) {
		err = advice.New("interrupted", "start it again when you like")
	}
	if errors.As(err, &usageError{}) || errors.As(err, &advice.UsageError{}) {
		complain(usage(cmd, err))
		return exitUsage
	}
	complain(err)
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
		Version:       versionLine(),
	}
	root.SetFlagErrorFunc(usage)
	root.SetVersionTemplate("{{ .Version }}\n")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetHelpCommand(helpCommand())
	root.AddCommand(bootCommand(), apiCommand(), checked(explainCommand()), checked(replayCommand()), checked(machineCommand()), labCommand(), diskCommand(), checked(imageCommand()), checked(loaderCommand()), versionCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	everyCommand(root, func(cmd *cobra.Command) {
		if cmd.HasSubCommands() && cmd.RunE == nil {
			cmd.Args, cmd.RunE = subcommand, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		} else {
			cmd.Args = wanted
		}
		cmd.PreRunE = filledIn
		addHelp(cmd)
	})
	return root
}

func everyCommand(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, sub := range cmd.Commands() {
		everyCommand(sub, do)
	}
}

// helpCommand prints what --help does, of a command and of a subject; that of spur boot
// where no command is named.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND…] [SUBJECT]",
		Short: "Print the manual of a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil {
				found, rest = cmd.Root(), args
			}
			if len(rest) == 1 && hasSubject(found, rest[0]) {
				return printManual(found, rest[0])
			}
			if boot, _, _ := cmd.Root().Find([]string{"boot"}); len(args) == 1 && hasSubject(boot, args[0]) {
				return printManual(boot, args[0])
			}
			if err == nil {
				err = subcommand(found, rest)
			}
			if err != nil {
				return usage(cmd.Root(), err)
			}
			return printManual(found, "")
		},
	}
}
