package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/daemon"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/replay"
)

func replayCommand() *cobra.Command {
	var offer offerFlags
	var named targetFlags
	var anonymous, only, dhcp, bootServer string
	cmd := &cobra.Command{
		Use:   "replay FILE {KERNEL [INITRD…] | --anonymous OUT}",
		Short: "Play a boot that failed again, against what Spur would answer today",
		Long: `Play the machine's side of a boot that failed against what this Spur would
answer today, for the target KERNEL with its INITRDs, and say what is another now.

FILE is one of the records that spur boot and spur api keep with --data DIR in
DIR/failed, or where --record says: the packets of DHCP of one boot, and a line for
each file that was asked for. A capture by tcpdump or Wireshark will do as well.
Nothing is sent and no port is opened.

KERNEL and flags are those of spur boot, its menu too: a boot by a menu is played with
the items that --menu and --boot-server name, in the same order. --pool isn't needed:
with --dhcp server the machine is given the address again that it was given then, and Spur
stands in a capture for the server that gave it.

With --anonymous OUT nothing is played: the record is written to OUT with all
replaced that may say whose it is, to be sent to others: addresses, UUIDs, serial
numbers, and all names but those of well-known files and protocols.

Exit codes are 0 where the machine is answered otherwise than when it failed, or
what it failed on is gone; 1 where it is answered as it was and would fail again,
where it isn't answered or nobody gives it an address, or after another failure;
2 for wrong usage. Of a capture, which doesn't say where a boot failed, 0 means that
it is answered.`,
		Example: `  spur replay /var/lib/spur/failed/20260401-120107-52-54-00-12-34-56.jsonl vmlinuz initrd.img
  spur replay boot.pcap vmlinuz initrd.img
  spur replay boot.pcap vmlinuz initrd.img --dhcp server
  spur replay failed.jsonl --anonymous anonymous.jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			mac, err := onlyOne(cmd, only)
			if err != nil {
				return err
			}
			if anonymous != "" {
				if len(args) > 1 {
					return usage(cmd, errors.New("--anonymous plays nothing, and needs no "+args[1]))
				}
				if err := replay.Anonymize(args[0], anonymous, mac); err != nil {
					return err
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), printable.Line(anonymous+": the record, with addresses, identifiers and names replaced"))
				return err
			}
			if len(args) < 2 {
				return usage(cmd, errors.New("KERNEL is missing"))
			}
			offer.dhcp = cmp.Or(dhcp, string(daemon.ProxyDHCP))
			config, err := offer.config(cmd)
			if err != nil {
				return err
			}
			config.DHCP = daemon.DHCPMode(dhcp) // without it the record says
			if config.AsBootServer, err = daemon.ParseAsBootServer(bootServer); err != nil {
				return usageError{err}
			}
			target, err := named.read(cmd, args[1:], config)
			if err != nil {
				return err
			}
			return daemon.Replay(cmd.Context(), config, target, args[0], mac)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&anonymous, "anonymous", "", "write the record to this `file`, with addresses, identifiers and names replaced")
	flags.StringVar(&only, "only", "", "of a capture with several machines: that of this `MAC` (default: the first that asks to boot)")
	named.add(flags)
	flags.StringVar(&bootServer, "as-boot-server", "", "the `type` of boot server that Spur is in another server's menu, as of spur boot")
	flags.StringVar(&dhcp, "dhcp", "", "`who` gives addresses, proxy or server (default: as in the record; proxy for a capture)")
	flags.StringVar(&offer.data, "data", "", "the `folder` that Spur is given with --data: its loaders and keys count")
	offer.add(cmd)
	return cmd
}

// onlyOne reads the MAC of the machine that a capture is asked about; the zero value
// is for none.
func onlyOne(cmd *cobra.Command, text string) (boot.MAC, error) {
	if text == "" {
		return boot.MAC{}, nil
	}
	mac, err := boot.ParseMAC(text)
	if err != nil {
		return boot.MAC{}, usage(cmd, fmt.Errorf("--only: %w", err))
	}
	return mac, nil
}
