package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/spurboot/spur/internal/daemon"
)

// runningFlags say what a server keeps and tells, and whom it becomes.
type runningFlags struct {
	log        string
	dryRun     bool
	user       string
	passphrase string
	record     string
}

// addRunning adds them behind --data, which sets data.
func (f *runningFlags) addRunning(flags *pflag.FlagSet, data *string) {
	flags.StringVar(data, "data", "", "`folder` for what survives a restart: leases, the sealing key, which machines have booted once, keys of Secure Boot; fetched files are cached there too")
	flags.StringVar(&f.record, "record", "", "`folder` in which each boot that fails is kept as a small file, the newest 100 (default: failed in the folder of --data); none: nowhere")
	flags.StringVar(&f.passphrase, "passphrase-file", "", "a `file` whose first line is the passphrase of the keys of Secure Boot in --data")
	flags.StringVar(&f.user, "user", "", "the `user` to become once the sockets are open (default: spur or nobody, when started as root)")
	flags.StringVar(&f.log, "log", "text", "`text|json`: text: for people; json: one record a line")
	flags.BoolVar(&f.dryRun, "dry-run", false, "do all that a start does, say what would be served, and stop")
}

// terminal says in a configuration whether a terminal is told.
func (f *runningFlags) terminal(cmd *cobra.Command, c *daemon.Config) error {
	switch f.log {
	case "text":
		c.TTY = cmd.OutOrStdout() == os.Stdout && term.IsTerminal(int(os.Stdout.Fd()))
	case "json":
	default:
		return usage(cmd, fmt.Errorf("--log %s is unknown; it is text or json", f.log))
	}
	return nil
}
