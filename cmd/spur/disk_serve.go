package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/disk"
)

func diskServeCommand() *cobra.Command {
	var image imageFlags
	var over, logs string
	var c disk.Config
	cmd := &cobra.Command{
		Use:   "serve FILE --over PROTOCOL",
		Short: "Serve a disk image over the network",
		Long: `Serve the disk in FILE until interrupted.

iSCSI is for the initiators of every system and firmware, NBD for Linux and
QEMU, AoE for machines on the same Ethernet, HTTP for reading.

Without --listen it is served to this host only. On a network that others
share, iSCSI lets in who knows the password with --chap-user, and NBD, with
--tls-cert, --tls-key and --tls-ca, who has a certificate that the CA signed.
AoE and HTTP let in everyone who reaches them.

With --overlay FILE is only read: what clients write goes to the overlay, a
qcow2 image that is made if it doesn't exist. The overlay remembers what was
written; remove it, and the disk is as it was.

HTTP serves the disk for reading, at any path, with ranges; clients that come
back can tell whether it has changed.

Interrupted, Spur lets commands under way end and makes what was written
durable. One line tells of each session when it is over.`,
		Example: `  spur disk serve disk.qcow2 --over nbd
  spur disk serve base.img --over nbd --overlay mine.qcow2 --listen 192.0.2.1:10809
  spur disk serve disk.qcow2 --over iscsi --listen 192.0.2.1:3260 --chap-user me --chap-password-file secret
  spur disk serve disk.qcow2 --over aoe --interface eth1 --shelf 1 --slot 2
  spur disk serve disk.qcow2 --over http --listen 192.0.2.1:8080
  qemu-img convert nbd://127.0.0.1:10809/disk.qcow2 copy.img`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			readOnly := c.Options.ReadOnly
			options, err := image.options(cmd)
			if err != nil {
				return err
			}
			c.File, c.Over, c.Options, c.Out = args[0], disk.Protocol(over), options, cmd.OutOrStdout()
			c.Options.ReadOnly = readOnly
			switch logs {
			case "text":
			case "json":
				c.Logger = slog.New(slog.NewJSONHandler(cmd.OutOrStdout(), nil))
			default:
				return usage(cmd, fmt.Errorf("--log %s is unknown; it is text or json", logs))
			}
			if err := c.Check(); err != nil {
				return usage(cmd, err)
			}
			return disk.Serve(cmd.Context(), c)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&over, "over", "", "the protocol: iscsi, aoe, nbd or http")
	flags.StringVar(&c.Listen, "listen", "", "ADDRESS:PORT (default 127.0.0.1, and the port of the protocol: iscsi 3260, nbd 10809, http 8080)")
	flags.StringVar(&c.Name, "name", "", "name of the export, or of the iSCSI target (default: made of the file's)")
	flags.StringVarP(&c.Interface, "interface", "i", "", "with --over aoe: the interface to serve on")
	flags.Uint16Var(&c.Shelf, "shelf", 0, "with --over aoe: the major address")
	flags.Uint8Var(&c.Slot, "slot", 0, "with --over aoe: the minor address")
	flags.BoolVar(&c.Options.ReadOnly, "read-only", false, "refuse writes")
	flags.StringVar(&c.Overlay, "overlay", "", "write to this qcow2 image over FILE, which is made if it doesn't exist")
	flags.StringVar(&c.CHAP.User, "chap-user", "", "with --over iscsi: the name that initiators have to prove")
	flags.StringVar(&c.CHAP.PasswordFile, "chap-password-file", "", "the file with its password, of 12 bytes at least")
	flags.StringVar(&c.TLS.Cert, "tls-cert", "", "with --over nbd: our certificate, a PEM file; clients then have to use TLS")
	flags.StringVar(&c.TLS.Key, "tls-key", "", "its key")
	flags.StringVar(&c.TLS.CA, "tls-ca", "", "let in only clients with a certificate signed by one of these")
	flags.StringVar(&logs, "log", "text", "text: for people; json: one record a line")
	image.add(cmd)
	return cmd
}
