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

const diskServeLong = `Serve disks until interrupted. A FILE is an image, a raw file, a block device,
or, with --read-only, an http(s) URL.

iSCSI is for the initiators of every system and firmware, NBD for Linux and
QEMU, AoE for machines on the same Ethernet, HTTP for reading.

Where it is served
  Without --listen it is served to this host only. Give an address of the
  host's, or 0.0.0.0 for all of them; for AoE the --interface.

  FILEs are LUNs 0, 1, … of one iSCSI target, NBD exports and HTTP paths by the
  names of the files, or AoE slots from --slot on: e0.0, e0.1, … An address
  that another target on that Ethernet answers for is refused. Any number of
  clients may use a disk at once; only file systems that are made for it let
  more than one of them write.

What tells it from other disks
  Initiators take two disks for paths to one if both have the same serial number
  or NAA designator. Spur makes these of this host's /etc/machine-id and of where
  the file is: they are the same after a restart, and no other file's. So is the
  end of the target's name, which discovery tells; who types the name may leave
  it off, from the last dot on. With --name they go by that name instead, and
  with the disk to another place or host; hosts that are copies of each other,
  with one machine ID, need it.

Who may use it
  iSCSI lets in who knows the password of --chap-user, and, with --initiator,
  who has one of those names. The target proves itself in turn with
  --mutual-user. CHAP keeps passwords from being read, not data.

  NBD with --tls-cert and --tls-key is encrypted, and lets in, with --tls-ca,
  who has a certificate that the CA signed. AoE and HTTP let in everyone who
  reaches them.

  Spur itself gives up root once it has opened everything, and becomes --user.

What is written
  With --overlay FILE is only read: what clients write goes to the overlay, a
  qcow2 image that is made if it doesn't exist. Remove it, and the disk is as it
  was. HTTP serves the disk for reading, with ranges; clients that come back can
  tell whether it has changed.

  Beside a qcow2 image that is written there is its journal, IMAGE.journal. If
  Spur is killed it holds what the image doesn't have yet, and the next
  "spur disk serve" or "spur disk check --repair" brings that into the image:
  clients that connect again find all that they wrote. Move both together: without
  its journal such an image is told to lack something, and isn't read, copied or
  laid under another until it is put back, or given up by --repair. A
  journal that can't be opened, because it is another user's say, keeps the image
  from being served. After a loss of power there is what clients had flushed, as
  on every disk.

  While a disk is served, other programs can't write to its file, and Spur
  doesn't serve one that another program writes to: the locks are QEMU's.
  Interrupted, by Ctrl-C, SIGTERM or SIGHUP, Spur lets commands under way end
  and makes what was written durable. It serves on when nobody reads what it
  tells, and says then how many lines are missing.

Clients, of a disk that is served at 192.0.2.1 and the ports that each protocol
has by default, over AoE with --shelf 1 --slot 2
  Linux    iscsiadm -m discovery -t st -p 192.0.2.1; iscsiadm -m node -l
           nbd-client 192.0.2.1 /dev/nbd0 -N disk.qcow2
           modprobe aoe aoe_iflist=eth0; ls /dev/etherd
  Windows  New-IscsiTargetPortal 192.0.2.1; Get-IscsiTarget | Connect-IscsiTarget
  iPXE     sanboot iscsi:192.0.2.1::3260:0:TARGET
           sanboot aoe:e1.2
           sanboot http://192.0.2.1:8080/disk.qcow2
  QEMU     -drive file=iscsi://192.0.2.1/TARGET/0,format=raw
           -drive file=nbd://192.0.2.1/disk.qcow2,format=raw
           (raw, since Spur has decoded the qcow2 image already)

Exit codes are 0 after an interrupt, 1 after a failure, 2 for wrong usage.`

func diskServeCommand() *cobra.Command {
	var image imageFlags
	var over []string
	var logs string
	var c diskserve.Config
	cmd := &cobra.Command{
		Use:   "serve FILE… --over PROTOCOL",
		Short: "Serve disk images over the network",
		Long:  diskServeLong,
		Example: `  spur disk serve disk.qcow2 --over nbd
  spur disk serve base.img --over nbd --overlay mine.qcow2 --listen 192.0.2.1:10809
  spur disk serve disk.qcow2 data.img --over iscsi --listen 192.0.2.1:3260 \
      --chap-user me --chap-password-file secret
  spur disk serve disk.qcow2 --over aoe --interface eth1 --shelf 1 --slot 2
  spur disk serve disk.qcow2 --over http --listen 192.0.2.1:8080`,
		RunE: func(cmd *cobra.Command, args []string) error {
			readOnly := c.Options.ReadOnly
			options, err := image.options(cmd)
			if err != nil {
				return err
			}
			c.Files, c.Options = args, options
			c.Options.ReadOnly = readOnly
			if len(over) > 1 {
				return usage(cmd, errors.New("a disk is served over one protocol at a time; over two, both with --read-only"))
			}
			if len(over) == 1 {
				c.Over = diskserve.Protocol(over[0])
			}
			if logs != "text" && logs != "json" {
				return usage(cmd, fmt.Errorf("--log %s is unknown; it is text or json", logs))
			}
			// A value that is the default's would not be noticed.
			for flag, over := range map[string]diskserve.Protocol{"shelf": diskserve.AoE, "slot": diskserve.AoE, "block-size": diskserve.ISCSI} {
				if cmd.Flags().Changed(flag) && c.Over != over {
					return usage(cmd, fmt.Errorf("--%s is for --over %s only", flag, over))
				}
			}
			if err := c.Check(); err != nil {
				return usage(cmd, err)
			}
			return serve(cmd, logs == "json", func(out io.Writer, logger *slog.Logger) error {
				c.Out, c.Logger, c.Confine = out, logger, sandbox.Enter
				return diskserve.Serve(cmd.Context(), c)
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&over, "over", nil, "the `protocol`: iscsi, aoe, nbd or http")
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
	flags.StringVar(&c.User, "user", "", "whom to become once all is open (default: spur or nobody, when started as root)")
	flags.StringVar(&logs, "log", "text", "`how` sessions are told: text, for people; json, a record a line")
	image.add(cmd)
	return cmd
}
