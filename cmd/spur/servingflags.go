package main

import (
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/daemon"
)

// servingFlags are the flags of every command that answers machines.
type servingFlags struct {
	networkFlags
	answeredFlags
	offerFlags
	runningFlags
}

func (f *servingFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	f.addNetwork(flags, &f.dhcp)
	f.addAnswered(flags)
	f.offerFlags.add(cmd)
	f.addRunning(flags, &f.data)
}

// config turns the flags into a value for the daemon.
func (f *servingFlags) config(cmd *cobra.Command) (daemon.Config, error) {
	c := daemon.Config{
		Interfaces: f.interfaces, DHCP: daemon.DHCPMode(f.dhcp), RA: f.ra, Force: f.force, Once: f.once,
		HTTPPort: f.httpPort, HTTPS: f.https(cmd), TFTPPort: f.tftpPort, NFSPort: f.nfsPort, NBDPort: f.nbdPort, ISCSIPort: f.iscsiPort,
		Loaders: f.loaders, SecureBoot: daemon.SecureBoot(f.secure), Loader: f.loader,
		Data: f.data, Record: f.record, Passphrase: f.passphrase, User: f.user, DryRun: f.dryRun, Version: version(), Out: cmd.OutOrStdout(),
	}
	for _, read := range []func(*cobra.Command, *daemon.Config) error{f.answered, f.network, f.asBootServer, f.given, f.terminal} {
		if err := read(cmd, &c); err != nil {
			return c, err
		}
	}
	if err := c.Check(); err != nil {
		return c, usageError{err}
	}
	return c, nil
}

// serve runs a daemon.
func (f *servingFlags) serve(cmd *cobra.Command, c daemon.Config, run func(daemon.Config) error) error {
	return serve(cmd, f.log == "json", func(out io.Writer, logger *slog.Logger) error {
		c.Out, c.Logger = out, logger
		return run(c)
	})
}
