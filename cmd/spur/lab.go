package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/lab/trial"
)

func labCommand() *cobra.Command {
	var t trial.Trial
	var vnc, quiet bool
	var dhcp, message string
	cmd := &cobra.Command{
		Use:   "lab [KERNEL [INITRD…]]",
		Short: "Boot a virtual machine over an isolated network",
		Long: `Boot a virtual machine with real firmware over an isolated network, to see
what a target does without any hardware: a DHCP server that knows nothing of
booting, Spur beside it, and the machine. Without KERNEL it boots a small
Linux of its own, which says that it is up and powers off.

The machine's serial port is on the terminal, together with Spur's story; on a
terminal every key goes to the machine, and Ctrl-] leaves. --screenshot keeps
a PNG file of the screen up to date, --vnc shows the screen on a local port.

With --expect the lab ends as soon as the machine has printed what was expected,
and with exit code 1 if it is switched off before, or does not within --timeout:
a test for whoever writes operating systems.

It needs root, and Debian's QEMU, firmware and dnsmasq: scripts/install demo.`,
		Example: `  spur lab
  spur lab --firmware bios vmlinuz initrd.img --cmdline "console=ttyS0"
  spur lab vmlinuz initrd.img --screenshot screen.png
  spur lab vmlinuz tests.img --cmdline "console=ttyS0" --expect "ALL TESTS PASSED" --quiet`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(lab.Firmwares(), lab.Firmware(t.Firmware)) {
				return usage(cmd, fmt.Errorf("--firmware %s is unknown; it is one of %s", t.Firmware, firmwareNames()))
			}
			if _, err := regexp.Compile(t.Expect); err != nil {
				return usage(cmd, fmt.Errorf("--expect: %w", err))
			}
			if err := checkTrial(cmd, t); err != nil {
				return usage(cmd, err)
			}
			switch dhcp {
			case "proxy", "server":
				t.OwnDHCP = dhcp == "server"
			default:
				return usage(cmd, fmt.Errorf("--dhcp %s is unknown; it is proxy or server", dhcp))
			}
			if message != "" {
				t.Extra = []string{"--message", message}
			}
			if vnc {
				t.Display = "vnc"
			}
			var err error
			if t.Spur, err = os.Executable(); err != nil {
				return err
			}
			t.Target, t.Story = args, cmd.OutOrStdout()
			if !quiet {
				t.Serial = cmd.OutOrStdout()
				if term.IsTerminal(int(os.Stdin.Fd())) {
					t.Keys = os.Stdin
				}
			}
			// Who reads us may go away, as head does: then the machine has to go too.
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGPIPE)
			defer stop()
			return t.Run(ctx)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&t.Firmware, "firmware", "uefi", "the machine's firmware: "+firmwareNames())
	flags.StringVar(&t.Cmdline, "cmdline", "", "the kernel's command line")
	flags.StringVar(&message, "message", "", "text to show on the machine's screen before it boots")
	flags.StringVar(&dhcp, "dhcp", "proxy", "proxy: another server gives addresses; server: Spur does")
	flags.IntVar(&t.Memory, "memory", 0, "the machine's memory in MiB (default: 512)")
	flags.StringVar(&t.Screenshot, "screenshot", "", "PNG file to keep up to date with the machine's screen")
	flags.BoolVar(&vnc, "vnc", false, "show the machine's screen on a local VNC port")
	flags.StringVar(&t.Expect, "expect", "", "regular expression that the machine must print on its serial port")
	flags.DurationVar(&t.Timeout, "timeout", 5*time.Minute, "how long to wait for --expect")
	flags.BoolVar(&quiet, "quiet", false, "show Spur's story only, not the serial port")
	return cmd
}

// checkTrial refuses flags that would be ignored.
func checkTrial(cmd *cobra.Command, t trial.Trial) error {
	given := cmd.Flags().Changed
	switch {
	case given("timeout") && t.Expect == "":
		return errors.New("--timeout is how long to wait for --expect, which is missing")
	case t.Timeout <= 0:
		return fmt.Errorf("--timeout %s leaves the machine no time", t.Timeout)
	case given("memory") && t.Memory < 64:
		return fmt.Errorf("--memory %d: no firmware starts with less than 64 MiB", t.Memory)
	}
	return nil
}

func firmwareNames() string {
	var names []string
	for _, f := range lab.Firmwares() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}
