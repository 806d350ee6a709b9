package main

import (
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/spurboot/spur/internal/daemon"
	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/lab/demo"
)

// labFlags are the flags of spur lab.
type labFlags struct {
	demo.Demo
	own        handedOn
	vnc, quiet bool
}

func labCommand() *cobra.Command {
	f := &labFlags{Demo: demo.Demo{Changed: daemon.Changed}}
	cmd := &cobra.Command{
		Use:   "lab [KERNEL [INITRD…]]",
		Short: "Boot a virtual machine over an isolated network",
		Long: `Boot a virtual machine with real firmware over an isolated network, to see
what a target does without any hardware: a DHCP server that knows nothing of
booting, Spur beside it, and the machine. Without KERNEL it boots a small
Linux of its own, which says that it is up and powers off.

The machine's serial port is on the terminal, together with Spur's story; on a
terminal every key goes to the machine, and Ctrl-] leaves.

Exit codes are 0 once the machine is off or has printed what --expect names, 1
after a failure, 2 for wrong usage.

It needs root, and Debian's QEMU, firmware and dnsmasq: scripts/install demo, or,
for machines of other architectures than x64, scripts/install test.`,
		Example: `  spur lab
  spur lab --firmware bios vmlinuz initrd.img --cmdline "console=ttyS0"
  spur lab vmlinuz initrd.img --screenshot screen.png`,
		RunE: f.run,
	}
	f.add(cmd.Flags())
	return cmd
}

func (f *labFlags) add(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&f.Firmware, "firmware", "uefi", "the machine's `firmware`: "+firmwareNames())
	flags.StringVar(&f.own.dhcp, "dhcp", "proxy", "`who` gives addresses: proxy: another server; server: Spur does")
	f.own.add(flags)
	flags.BoolVar(&f.Watch, "watch", false, "restart the machine whenever a file of the target has changed: edit, build, see it boot")
	flags.IntVar(&f.Memory, "memory", 0, "the machine's memory in `MiB` (default: 512; more on ARM and RISC-V)")
	flags.StringVar(&f.Screenshot, "screenshot", "", "PNG `file` to keep up to date with the machine's screen")
	flags.BoolVar(&f.vnc, "vnc", false, "show the machine's screen on a local VNC port")
	flags.StringVar(&f.Expect, "expect", "", "regular `expression` that the machine must print on its serial port")
	flags.DurationVar(&f.Timeout, "timeout", 5*time.Minute, "the `time` to wait for --expect")
	flags.BoolVar(&f.quiet, "quiet", false, "show Spur's story only, not the serial port")
}

// run boots the machine.
func (f *labFlags) run(cmd *cobra.Command, args []string) (err error) {
	if err := f.check(cmd, args); err != nil {
		return err
	}
	if f.Spur, err = os.Executable(); err != nil {
		return err
	}
	f.OwnDHCP, f.Extra = f.own.dhcp == string(daemon.OwnDHCP), f.own.arguments()
	if f.Watch {
		f.Extra = append(f.Extra, "--watch")
	}
	if f.vnc {
		f.Display = "vnc"
	}
	f.Target, f.Messages = args, cmd.OutOrStdout()
	if !f.quiet {
		f.Serial = cmd.OutOrStdout()
		if term.IsTerminal(int(os.Stdin.Fd())) {
			f.Keys = os.Stdin
		}
	}
	// Who reads us may go away, as head does: then the machine has to go too.
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGPIPE)
	defer stop()
	return f.Run(ctx)
}

func firmwareNames() string {
	var names []string
	for _, f := range lab.Firmwares() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}
