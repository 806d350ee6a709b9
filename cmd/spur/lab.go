package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/daemon"
	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/lab/demo"
)

func labCommand() *cobra.Command {
	t := demo.Demo{Changed: daemon.Changed}
	var vnc, quiet bool
	var own handedOn
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
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(lab.Firmwares(), lab.Firmware(t.Firmware)) {
				return usage(cmd, fmt.Errorf("--firmware %s is unknown; it is one of %s", t.Firmware, firmwareNames()))
			}
			if _, err := regexp.Compile(t.Expect); err != nil {
				return usage(cmd, fmt.Errorf("--expect: %w", err))
			}
			if err := checkDemo(cmd, t); err != nil {
				return usage(cmd, err)
			}
			if err := checkScreenshot(t.Screenshot); err != nil {
				return err
			}
			if vnc {
				t.Display = "vnc"
			}
			asks, err := clientOf(lab.Firmware(t.Firmware))
			if err != nil {
				return err
			}
			if asks.SecureBoot && !cmd.Flags().Changed("secure-boot") {
				if err := cmd.Flags().Set("secure-boot", "on"); err != nil {
					return err
				}
			}
			if err := own.check(cmd, args, asks); err != nil {
				return err
			}
			if t.Spur, err = os.Executable(); err != nil {
				return err
			}
			t.OwnDHCP, t.Extra = own.dhcp == string(daemon.OwnDHCP), own.arguments()
			if t.Watch {
				t.Extra = append(t.Extra, "--watch")
			}
			t.Target, t.Messages = args, cmd.OutOrStdout()
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
	flags.StringVar(&t.Firmware, "firmware", "uefi", "the machine's `firmware`: "+firmwareNames())
	flags.StringVar(&own.dhcp, "dhcp", "proxy", "`who` gives addresses: proxy: another server; server: Spur does")
	own.add(flags)
	flags.BoolVar(&t.Watch, "watch", false, "restart the machine whenever a file of the target has changed: edit, build, see it boot")
	flags.IntVar(&t.Memory, "memory", 0, "the machine's memory in `MiB` (default: 512; more on ARM and RISC-V)")
	flags.StringVar(&t.Screenshot, "screenshot", "", "PNG `file` to keep up to date with the machine's screen")
	flags.BoolVar(&vnc, "vnc", false, "show the machine's screen on a local VNC port")
	flags.StringVar(&t.Expect, "expect", "", "regular `expression` that the machine must print on its serial port")
	flags.DurationVar(&t.Timeout, "timeout", 5*time.Minute, "the `time` to wait for --expect")
	flags.BoolVar(&quiet, "quiet", false, "show Spur's story only, not the serial port")
	return cmd
}

// clientOf is the client that a machine of the lab is when it is switched on.
func clientOf(f lab.Firmware) (boot.Client, error) {
	asks, err := f.Asks()
	c := boot.Client{Firmware: boot.UEFI, Arch: asks.Arch, Proto: boot.PXE, Loader: boot.ROM, SecureBoot: asks.SecureBoot}
	if asks.BIOS {
		c.Firmware, c.Arch = boot.BIOS, boot.X86
	}
	if asks.UBoot {
		c.Firmware, c.Loader = boot.Board, boot.UBoot
	}
	if asks.IPXE {
		c.Loader, c.Features = boot.IPXE, boot.UsualIPXE
	}
	if asks.HTTP {
		c.Proto = boot.HTTP
	}
	return c, err
}

// checkDemo refuses flags that would be ignored.
func checkDemo(cmd *cobra.Command, t demo.Demo) error {
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

// checkScreenshot refuses a file that couldn't be written, before a machine runs.
func checkScreenshot(name string) error {
	if name == "" {
		return nil
	}
	dir := filepath.Dir(name)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return advice.New(fmt.Sprintf("--screenshot %s: there is no folder %s", name, dir), "make it, or name a file in another folder")
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return advice.New(fmt.Sprintf("--screenshot %s is a folder", name), "name a file in it, such as "+filepath.Join(name, "screen.png"))
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
