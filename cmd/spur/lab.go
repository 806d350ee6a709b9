package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/daemon"
	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/lab/demo"
)

func labCommand() *cobra.Command {
	var t demo.Demo
	var vnc, quiet bool
	var dhcp, message string
	var own handedOn
	cmd := &cobra.Command{
		Use:   "lab [KERNEL [INITRD…]]",
		Short: "Boot a virtual machine over an isolated network",
		Long: `Boot a virtual machine with real firmware over an isolated network, to see
what a target does without any hardware: a DHCP server that knows nothing of
booting, Spur beside it, and the machine. Without KERNEL it boots a small
Linux of its own, which says that it is up and powers off.

With --firmware bios the machine's ROM is iPXE and asks as such; as bios-pxe the
same machine asks like another maker's ROM, which is given undionly.kpxe first.
` + signedOnly() + `
The machine's serial port is on the terminal, together with Spur's story; on a
terminal every key goes to the machine, and Ctrl-] leaves. --screenshot keeps
a PNG file of the screen up to date, --vnc shows the screen on a local port.

With --expect the lab ends as soon as the machine has printed what was expected
on its serial port: what the firmware writes there counts, too. It ends
with exit code 1 if it is switched off before, or does not within --timeout:
a test for whoever writes operating systems.

Exit codes are 0 once the machine is off or has printed what was expected, 1
after a failure, 2 for wrong usage.

It needs root, and Debian's QEMU, firmware and dnsmasq: scripts/install demo, or,
for machines of other architectures than x64, scripts/install test.`,
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
			if err := checkDemo(cmd, t); err != nil {
				return usage(cmd, err)
			}
			switch dhcp {
			case "proxy", "server":
				t.OwnDHCP = dhcp == "server"
			default:
				return usage(cmd, fmt.Errorf("--dhcp %s is unknown; it is proxy or server", dhcp))
			}
			if err := checkScreenshot(t.Screenshot); err != nil {
				return err
			}
			if message != "" {
				t.Extra = []string{"--message", message}
			}
			if vnc {
				t.Display = "vnc"
			}
			err := checkBootable(cmd, t, own, args, message)
			if err != nil {
				return err
			}
			t.Extra = append(t.Extra, own.arguments()...)
			if t.Spur, err = os.Executable(); err != nil {
				return err
			}
			if asks, err := lab.Firmware(t.Firmware).Asks(); err == nil && asks.SecureBoot {
				t.Extra = append(t.Extra, "--secure-boot", "on")
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
	flags.StringVar(&t.Firmware, "firmware", "uefi", "the machine's firmware: "+firmwareNames())
	flags.StringVar(&t.Cmdline, "cmdline", "", "the kernel's command line")
	flags.StringVar(&message, "message", "", "text to show on the machine's screen, where iPXE boots it")
	flags.StringVar(&dhcp, "dhcp", "proxy", "proxy: another server gives addresses; server: Spur does")
	own.add(flags)
	flags.IntVar(&t.Memory, "memory", 0, "the machine's memory in MiB (default: 512; more on ARM and RISC-V)")
	flags.StringVar(&t.Screenshot, "screenshot", "", "PNG file to keep up to date with the machine's screen")
	flags.BoolVar(&vnc, "vnc", false, "show the machine's screen on a local VNC port")
	flags.StringVar(&t.Expect, "expect", "", "regular expression that the machine must print on its serial port")
	flags.DurationVar(&t.Timeout, "timeout", 5*time.Minute, "how long to wait for --expect")
	flags.BoolVar(&quiet, "quiet", false, "show Spur's story only, not the serial port")
	return cmd
}

// checkBootable refuses what the lab's Spur would refuse, and machines that it has
// no route for, before anything is built.
func checkBootable(cmd *cobra.Command, t demo.Demo, own handedOn, args []string, message string) error {
	for _, name := range args {
		if (boot.File{Source: name}).IsURL() {
			return usage(cmd, fmt.Errorf("%s can't be fetched: a lab's network leads nowhere; download it first", name))
		}
	}
	client, err := clientOf(lab.Firmware(t.Firmware))
	if err != nil {
		return err
	}
	client.Proxied = !t.OwnDHCP
	config := daemon.Config{DHCP: daemon.ProxyDHCP, HTTPPort: 80, TFTPPort: 69, Data: own.data, Loaders: own.loaders, Loader: own.loader, Out: io.Discard}
	if err := config.CheckBoot(); err != nil {
		return usageError{err}
	}
	target := daemon.Target{Cmdline: t.Cmdline, Message: message, As: own.as, DTB: own.dtb}
	if len(args) == 0 && own.as+own.dtb != "" {
		return usage(cmd, errors.New("--as and --dtb say something of a KERNEL, which is missing"))
	}
	if len(args) > 0 {
		target.Kernel, target.Initrds = args[0], args[1:]
		if err := target.Check(config); err != nil {
			return err
		}
	}
	return daemon.Bootable(cmd.Context(), config, target, client)
}

// handedOn is what the lab's Spur is given as it is.
type handedOn struct {
	loaders          []string
	loader           string
	as, dtb          string // how its target is to be taken
	data, passphrase string
}

func (h *handedOn) add(flags *pflag.FlagSet) {
	flags.StringVar(&h.as, "as", "", "take KERNEL for what Spur's own --as says, such as nbp")
	flags.StringVar(&h.dtb, "dtb", "", "the device tree that Spur is given with --dtb")
	flags.StringVar(&h.loader, "loader", "", "boot by this loader alone: "+strings.Join(daemon.LoaderNames(), ", "))
	flags.StringSliceVar(&h.loaders, "loaders", nil, "folders with bootloaders for Spur, which go before all others")
	flags.StringVar(&h.data, "data", "", "the folder that Spur is given with --data")
	flags.StringVar(&h.passphrase, "passphrase-file", "", "a file whose first line is the passphrase of the keys of Secure Boot in --data")
}

// arguments are the flags of the lab's Spur.
func (h handedOn) arguments() []string {
	var all []string
	for _, dir := range h.loaders {
		all = append(all, "--loaders", dir)
	}
	for _, given := range [][2]string{{"--as", h.as}, {"--dtb", h.dtb}, {"--loader", h.loader}, {"--data", h.data}, {"--passphrase-file", h.passphrase}} {
		if given[1] != "" {
			all = append(all, given[0], given[1])
		}
	}
	return all
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

// signedOnly says in the manual which firmware needs more than the usual loaders.
func signedOnly() string {
	return "These start only what is signed, so that this host must have a shim and a GRUB\n" +
		"that lead to the target, or Spur keys that they trust, else the lab refuses them:\n" + withoutRoute() + ".\n" +
		"Those named secureboot trust Microsoft; those named snakeoil trust a test key of\n" +
		"Debian's package ovmf alone, whose private half everybody has there:\n" +
		"/usr/share/ovmf/PkKek-1-snakeoil.key, with the passphrase snakeoil. With that as\n" +
		"db in the folder of --data (spur loader keys import) Spur signs for them.\n"
}

// withoutRoute names the firmware to which the usual loaders lead nothing.
func withoutRoute() string {
	var names []string
	for _, f := range lab.Firmwares() {
		if c, err := clientOf(f); err == nil && !daemon.HasRoute(c) {
			names = append(names, string(f))
		}
	}
	return strings.Join(names, ", ")
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
