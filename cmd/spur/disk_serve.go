package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/diskserve"
	"github.com/spurboot/spur/internal/sandbox"
)

// diskServeFlags are the flags of spur disk serve.
type diskServeFlags struct {
	diskserve.Config
	image imageFlags
	over  []string
	logs  string
}

func diskServeCommand() *cobra.Command {
	var f diskServeFlags
	cmd := &cobra.Command{
		Use:   "serve FILE… --over PROTOCOL",
		Short: "Serve disk images over the network",
		Long: `Serve disks until interrupted. A FILE is an image, a raw file, a block device,
or, with --read-only, an http(s) URL.

iSCSI is for the initiators of every system and firmware, NBD for Linux and
QEMU, AoE for machines on the same Ethernet, HTTP for reading. Without --listen
a disk is served to this host only.

Exit codes are 0 after an interrupt, 1 after a failure, 2 for wrong usage.`,
		Example: `  spur disk serve disk.qcow2 --over nbd
  spur disk serve base.img --over nbd --overlay mine.qcow2 --listen 192.0.2.1:10809
  spur disk serve disk.qcow2 data.img --over iscsi --listen 192.0.2.1:3260 \
      --chap-user me --chap-password-file secret
  spur disk serve disk.qcow2 --over aoe --interface eth1 --shelf 1 --slot 2
  spur disk serve disk.qcow2 --over http --listen 192.0.2.1:8080`,
		RunE: f.run,
	}
	f.add(cmd)
	return cmd
}

func (f *diskServeFlags) add(cmd *cobra.Command) {
	flags, c := cmd.Flags(), &f.Config
	flags.SortFlags = false
	flags.StringSliceVar(&f.over, "over", nil, "the `protocol`: iscsi, aoe, nbd or http")
	flags.StringVar(&c.Listen, "listen", "", "`address:port` (default 127.0.0.1, and 3260 for iscsi, 10809 for nbd, 8080 for http)")
	flags.StringVar(&c.Name, "name", "", "`name` of the iSCSI target, which no other may have, or of the NBD export (default: made of the file's)")
	flags.BoolVar(&c.Options.ReadOnly, "read-only", false, "refuse writes")
	flags.StringVar(&c.Overlay, "overlay", "", "write to this qcow2 `image` over FILE; it is made if it doesn't exist")
	flags.StringVarP(&c.Interface, "interface", "i", "", "aoe: the `interface` to serve on")
	flags.Uint16Var(&c.Shelf, "shelf", 0, "aoe: the major `address`, so that the first FILE is at e0.0 unless told otherwise")
	flags.Uint8Var(&c.Slot, "slot", 0, "aoe: the minor `address` of the first FILE")
	flags.StringVar(&c.CHAP.User, "chap-user", "", "iscsi: the `name` that initiators have to prove")
	flags.StringVar(&c.CHAP.PasswordFile, "chap-password-file", "", "the `file` with its password, of 12 bytes at least")
	flags.StringVar(&c.Mutual.User, "mutual-user", "", "iscsi: the `name` that the target proves to initiators that ask")
	flags.StringVar(&c.Mutual.PasswordFile, "mutual-password-file", "", "the `file` with its password, another one")
	flags.StringSliceVar(&c.Initiators, "initiator", nil, "iscsi: let in only initiators of these `names`")
	flags.IntVar(&c.BlockSize, "block-size", 0, "iscsi: logical block size, 512 or 4096 `bytes` (default 512)")
	flags.StringVar(&c.TLS.Cert, "tls-cert", "", "nbd: our certificate, a PEM `file`; clients then have to use TLS")
	flags.StringVar(&c.TLS.Key, "tls-key", "", "its key, a `file`")
	flags.StringVar(&c.TLS.CA, "tls-ca", "", "a `file`: let in only clients with a certificate signed by one of these")
	flags.StringVar(&c.User, "user", "", "the `user` to become once all is open (default: spur or nobody, when started as root)")
	flags.StringVar(&f.logs, "log", "text", "`text|json`: how sessions are told: text, for people; json, a record a line")
	f.image.add(cmd)
}

// run serves the disks.
func (f *diskServeFlags) run(cmd *cobra.Command, args []string) error {
	if err := f.read(cmd, args); err != nil {
		return err
	}
	return serve(cmd, f.logs == "json", func(out io.Writer, logger *slog.Logger) error {
		f.Out, f.Logger, f.Confine = out, logger, sandbox.Enter
		return diskserve.Serve(cmd.Context(), f.Config)
	})
}

// read takes in the arguments and what the flags say, and refuses what doesn't go together.
func (f *diskServeFlags) read(cmd *cobra.Command, args []string) error {
	readOnly := f.Options.ReadOnly
	options, err := f.image.options(cmd)
	if err != nil {
		return err
	}
	f.Files, f.Options = args, options
	f.Options.ReadOnly = readOnly
	if len(f.over) > 1 {
		return usage(cmd, errors.New("a disk is served over one protocol at a time; over two, both with --read-only"))
	}
	if len(f.over) == 1 {
		f.Over = diskserve.Protocol(f.over[0])
	}
	if f.logs != "text" && f.logs != "json" {
		return usage(cmd, fmt.Errorf("--log %s is unknown; it is text or json", f.logs))
	}
	// A value that is the default's would not be noticed.
	for flag, over := range map[string]diskserve.Protocol{"shelf": diskserve.AoE, "slot": diskserve.AoE, "block-size": diskserve.ISCSI} {
		if cmd.Flags().Changed(flag) && f.Over != over {
			return usage(cmd, fmt.Errorf("--%s is for --over %s only", flag, over))
		}
	}
	if err := f.Check(); err != nil {
		return usage(cmd, err)
	}
	return nil
}
