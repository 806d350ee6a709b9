package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/daemon"
)

// answeredFlags say which machines are answered, how often, and as what.
type answeredFlags struct {
	only       []string
	once       bool
	bootServer string
}

func (f *answeredFlags) addAnswered(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.only, "only", nil, "answer these machines only: a `MAC`, or several")
	flags.BoolVar(&f.once, "once", false, "boot each machine once; after that, leave it to its disk, with --data also after a restart, until spur machine reset. It counts as booted when it has fetched the last file of its boot, as a kernel's initrd, or {{ UP }}, whether or not its system then starts")
	flags.StringVar(&f.bootServer, "as-boot-server", "", "make no offers, and answer machines that another server's PXE menu leads here as to a boot server of this `type`: a number, such as 32770, or a name, such as ris")
}

// answered says in a configuration which machines are answered.
func (f *answeredFlags) answered(cmd *cobra.Command, c *daemon.Config) error {
	for _, s := range f.only {
		mac, err := boot.ParseMAC(s)
		if err != nil {
			return usage(cmd, fmt.Errorf("--only: %w", err))
		}
		c.Only = append(c.Only, mac)
	}
	return nil
}

// asBootServer says in a configuration which boot server Spur is to others.
func (f *answeredFlags) asBootServer(_ *cobra.Command, c *daemon.Config) (err error) {
	if c.AsBootServer, err = daemon.ParseAsBootServer(f.bootServer); err != nil {
		return usageError{err}
	}
	return nil
}
