package main

import (
	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/daemon"
)

func enrollKeysCommand() *cobra.Command {
	var serving servingFlags
	var without bool
	cmd := &cobra.Command{
		Use:   "enroll-keys --data DIR",
		Short: "Have machines take your keys of Secure Boot",
		Long: `Have every machine that asks write your keys of Secure Boot into its firmware: those
that spur loader keys has made in the folder of --data, all three of them.

A machine takes them while it is in setup mode: clear its keys of Secure Boot in
its firmware's set-up menu, and start it from the network. Its screen says what it
does and how that went, and it restarts. From then on, with Secure Boot on, it
starts only what is signed: by you, which spur boot --data DIR does while it
serves, or by whom its firmware trusts besides. Each machine is answered once.

The keys are added to what the firmware has, with Microsoft's certificates where
this host has them (in Debian's packages shim-signed and ovmf): cards with firmware
of their own may not work without. With --without-microsoft yours take the place of
all others.

There are programs for UEFI on x64 and arm64; elsewhere, enroll by hand what spur
loader keys export writes.

Exit codes are 0 after an interrupt, 1 after a failure, 2 for wrong usage.`,
		Example: `  spur boot enroll-keys --data /var/lib/spur --only 52:54:00:12:34:56
  spur boot enroll-keys --data /var/lib/spur --without-microsoft`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := serving.config(cmd)
			if err != nil {
				return err
			}
			return serving.serve(cmd, config, func(c daemon.Config) error { return daemon.EnrollKeys(cmd.Context(), c, !without) })
		},
	}
	serving.add(cmd)
	cmd.Flags().BoolVar(&without, "without-microsoft", false, "have your keys take the place of all others")
	return cmd
}
