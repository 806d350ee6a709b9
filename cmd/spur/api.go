package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/daemon"
)

func apiCommand() *cobra.Command {
	var serving servingFlags
	var remote daemon.Remote
	cmd := &cobra.Command{
		Use:   "api URL",
		Short: "Ask a boot API what each machine boots",
		Long: `Ask a boot API what each machine boots.

For each machine that asks, Spur sends GET URL/v1/boot/MAC. An answer with
status 200 is a JSON object:

    kernel       URL of the kernel
    initrd       list of URLs
    cmdline      command line; {{ URL "…" }} becomes a URL of Spur's that
                 serves the named one, {{ UP }} the machine's beacon
    message      text to show on the machine's screen
    ipxe-script  an iPXE script that replaces all of the above

Any other answer, and none within the timeout, leaves that machine alone; no
other machine waits for it. Relative URLs are resolved against URL/v1/. Spur
fetches every file itself: machines see sealed URLs of Spur's only. Files of
this host (file:///…) the API may name only below the folders of --allow-files;
no link leads out of them.

This is Pixiecore's API, so servers that were written for it work unchanged.
Request headers tell them more, should they want to know: X-Spur-Firmware,
X-Spur-Arch, X-Spur-Proto, X-Spur-Loader, X-Spur-UUID, X-Spur-VLAN.

Exit codes are 0 after an interrupt, 1 after a failure, 2 for wrong usage.`,
		Example: `  spur api http://boot.example:8080
  spur api http://127.0.0.1:4242 --data /var/lib/spur
  spur api http://127.0.0.1:4242 --allow-files /srv/boot`,
		RunE: func(cmd *cobra.Command, args []string) error {
			config, err := serving.config(cmd)
			if err != nil {
				return err
			}
			if remote.Timeout <= 0 {
				return usage(cmd, fmt.Errorf("--api-timeout %s leaves an API no time to answer", remote.Timeout))
			}
			remote.URL = args[0]
			return serving.serve(cmd, config, func(c daemon.Config) error { return daemon.API(cmd.Context(), c, remote) })
		},
	}
	serving.add(cmd)
	cmd.Flags().DurationVar(&remote.Timeout, "api-timeout", 5*time.Second, "the `time` that the API may take for one machine")
	cmd.Flags().StringSliceVar(&remote.Files, "allow-files", nil, "`folders` of this host whose files the API may name (default: none)")
	return cmd
}
