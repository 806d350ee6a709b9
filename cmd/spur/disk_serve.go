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

Without --listen it is served to this host only. NBD has no passwords: on a
network that others share, give --tls-cert, --tls-key and --tls-ca, and only
clients with a certificate that the CA signed are let in.

With --overlay FILE is only read: what clients write goes to the overlay, a
qcow2 image that is made if it doesn't exist. The overlay remembers what was
written; remove it, and the disk is as it was.

HTTP serves the disk for reading, at any path, with ranges; clients that come
back can tell whether it has changed.

Interrupted, Spur lets commands under way end and makes what was written
durable. One line tells of each session when it is over.`,
		Example: `  spur disk serve disk.qcow2 --over nbd
  spur disk serve base.img --over nbd --overlay mine.qcow2 --listen 192.0.2.1:10809
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
	flags.StringVar(&over, "over", "", "the protocol: nbd or http")
	flags.StringVar(&c.Listen, "listen", "", "ADDRESS:PORT (default 127.0.0.1, and the port of the protocol: nbd 10809, http 8080)")
	flags.StringVar(&c.Name, "name", "", "name of the export (default: the file's)")
	flags.BoolVar(&c.Options.ReadOnly, "read-only", false, "refuse writes")
	flags.StringVar(&c.Overlay, "overlay", "", "write to this qcow2 image over FILE, which is made if it doesn't exist")
	flags.StringVar(&c.TLS.Cert, "tls-cert", "", "with --over nbd: our certificate, a PEM file; clients then have to use TLS")
	flags.StringVar(&c.TLS.Key, "tls-key", "", "its key")
	flags.StringVar(&c.TLS.CA, "tls-ca", "", "let in only clients with a certificate signed by one of these")
	flags.StringVar(&logs, "log", "text", "text: for people; json: one record a line")
	image.add(cmd)
	return cmd
}
