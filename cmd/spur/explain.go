package main

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spurboot/spur/internal/daemon"
	"github.com/spurboot/spur/internal/explain"
)

// config turns the flags into a value for the daemon.
func (f *offerFlags) config(cmd *cobra.Command) (daemon.Config, error) {
	c := daemon.Config{
		DHCP: daemon.DHCPMode(f.dhcp), HTTPPort: f.httpPort, HTTPS: f.https(cmd), TFTPPort: f.tftpPort, NFSPort: f.nfsPort, NBDPort: f.nbdPort, ISCSIPort: f.iscsiPort, Data: f.data, Loaders: f.loaders, SecureBoot: daemon.SecureBoot(f.secure), Loader: f.loader, Out: cmd.OutOrStdout(),
	}
	if err := c.CheckBoot(); err != nil {
		return c, usageError{err}
	}
	switch c.DHCP {
	case daemon.ProxyDHCP, daemon.OwnDHCP:
	case daemon.WithoutDHCP:
		return c, usage(cmd, errors.New("with --dhcp off Spur makes no offers"))
	default:
		return c, usage(cmd, fmt.Errorf("--dhcp %s is unknown; it is proxy or server", f.dhcp))
	}
	if err := c.HTTPS.Check(c); err != nil {
		return c, usageError{err}
	}
	return c, nil
}

func explainCommand() *cobra.Command {
	var offer offerFlags
	var named targetFlags
	var machines machinesFlag
	var who machineFlags
	var firmware, arch, proto, speaking, server, pcap, only, item string
	var bytes, packets bool
	cmd := &cobra.Command{
		Use:   "explain {KERNEL [INITRD…] | --machines FILE | --pcap FILE}",
		Short: "Say how a machine would boot a target, or why one in a capture did not",
		Long: `Say how a machine of a certain kind would boot KERNEL with its INITRDs:
the ladder of routes, the best first, each with its reason; the server address
and file name of each offer; the script that the loader would follow; and the
routes that cannot be taken, each with what is in the way. It shows the ways by every
loader, unless --loader asks for one. With --pcap it says what went wrong in a
capture of packets.

Nothing is sent and no port is opened.

Exit codes are 0 where there is a route, 1 where there is none or after another
failure, 2 for wrong usage.`,
		Example: `  spur explain vmlinuz initrd.img --firmware bios
  spur explain vmlinuz initrd.img --firmware uefi --arch x64 --speaker ipxe
  spur explain --pcap boot.pcap`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if pcap != "" {
				if err := onlyCapture(cmd, args); err != nil {
					return err
				}
				mac, err := onlyOne(cmd, only)
				if err != nil {
					return err
				}
				return explain.Capture(cmd.OutOrStdout(), pcap, explain.CaptureQuestion{Only: mac, Packets: packets, Bytes: bytes})
			}
			if only != "" {
				return usage(cmd, errors.New("--only says something of a capture alone"))
			}
			if len(args) == 0 && machines.path == "" {
				return usage(cmd, errors.New("KERNEL is missing"))
			}
			config, err := offer.config(cmd)
			if err != nil {
				return err
			}
			addr, err := netip.ParseAddr(server)
			if err != nil || addr.Is4In6() || addr.Zone() != "" {
				return usage(cmd, fmt.Errorf("--server: %q is no IP address", server))
			}
			question, err := explain.ParseQuestion(firmware, arch, proto, speaking, addr)
			if err != nil {
				return usageError{err}
			}
			question.Bytes, question.Packets, question.Item = bytes, packets, item
			if machines.path != "" {
				file, err := machines.file(cmd, args, &named, config)
				if err != nil {
					return err
				}
				if who == (machineFlags{}) && (bytes || packets) {
					return usage(cmd, errors.New("--bytes and --packets show what one machine is sent: add --mac, --uuid or --serial"))
				}
				if who == (machineFlags{}) {
					return daemon.ExplainRows(cmd.Context(), config, file, question.Client)
				}
				if question.Client, err = who.on(cmd, question.Client); err != nil {
					return err
				}
				question.AnyMAC = who.mac == ""
				return daemon.ExplainMachines(cmd.Context(), config, file, question)
			}
			if who != (machineFlags{}) {
				return usage(cmd, errors.New("--mac, --uuid and --serial go with --machines"))
			}
			target, err := named.read(cmd, args, config)
			if err != nil {
				return err
			}
			return daemon.Explain(cmd.Context(), config, target, question)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&firmware, "firmware", "uefi", "the machine's `firmware`: bios, uefi, raspberry-pi, u-boot or, of a Mac, open-firmware")
	flags.StringVar(&arch, "arch", "", "its `architecture`: x86, x64, arm, arm64, riscv64, loong64, or as uname calls it (default: x64); a BIOS has none to tell")
	flags.StringVar(&proto, "proto", "pxe", "the `protocol` that it boots by: pxe, http or, for a Mac, bsdp")
	flags.StringVar(&speaking, "speaker", "rom", "the `program` that speaks: rom, ipxe, ipxe-with-https, ipxe-without-http, ipxe-without-bzimage, gpxe, u-boot")
	flags.StringVar(&server, "server", "192.0.2.1", "the `address` at which the machine would reach Spur; with an IPv6 address it asks by DHCPv6")
	flags.BoolVar(&bytes, "bytes", false, "show each offer option by option and byte by byte")
	flags.BoolVar(&packets, "packets", false, "show the first exchange packet by packet, with the names of options and sub-options; with --bytes byte by byte too")
	flags.StringVar(&pcap, "pcap", "", "a `file`, a capture of packets (pcap, pcapng): say what boots it has, and what went wrong with them")
	flags.StringVar(&only, "only", "", "with --pcap: of this machine alone, by its `MAC`")
	machines.add(flags)
	who.add(flags)
	named.add(flags)
	flags.StringVar(&item, "item", "", "of a menu: show how this `item` boots, by its title or its number, and not the menu")
	flags.StringVar(&offer.dhcp, "dhcp", "proxy", "`who` gives addresses: proxy: an offer beside the DHCP server's; server: one with an address")
	flags.StringVar(&offer.data, "data", "", "the `folder` that Spur is given with --data: its loaders and keys count, its names are shown")
	offer.add(cmd)
	return cmd
}

// onlyCapture refuses what says something of a target beside a capture.
func onlyCapture(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(cmd, fmt.Errorf("--pcap explains a capture, and %s is none", args[0]))
	}
	var other string
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != "pcap" && f.Name != "only" && f.Name != "packets" && f.Name != "bytes" {
			other = f.Name
		}
	})
	if other != "" {
		return usage(cmd, fmt.Errorf("--%s says nothing of a capture", other))
	}
	return nil
}
