package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/daemon"
	"github.com/spurboot/spur/internal/printable"
)

func loaderCACommand() *cobra.Command {
	var data, pem, der, esl string
	cmd := &cobra.Command{
		Use:   "ca --data DIR",
		Short: "Show and export the certificate authority that HTTPS machines must trust",
		Long: `Show the certificate authority of Spur's own, which signs its certificates for
HTTPS, and export its certificate for machines to trust. It is in DIR/tls, for its
owner alone, and made when this command or a Spur with --https-port first needs it.

Firmware takes it in its set-up, where it is called TLS authentication or server CA
configuration, as a file in DER (--der), some in PEM (--pem). OVMF takes it from QEMU
as well, as signature lists (--esl):

    -fw_cfg name=etc/edk2/https/cacerts,file=cacerts

Only the certificate is exported. Its key stays in DIR/tls: who has it can stand in
for any server that those machines trust.

Exit codes are 0 after success, 1 after a failure, 2 for wrong usage.`,
		Example: `  spur loader ca --data /var/lib/spur
  spur loader ca --data /var/lib/spur --der spur-ca.cer
  spur loader ca --data /var/lib/spur --esl cacerts`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if data == "" {
				return usage(cmd, fmt.Errorf("--data DIR is missing"))
			}
			a, err := daemon.OpenAuthority(data)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if a.Made {
				fmt.Fprintln(out, printable.Line("made in "+a.Dir))
			}
			fmt.Fprintln(out, printable.Line("subject  "+a.Certificate.Subject.String()))
			fmt.Fprintf(out, "valid    from %s until %s\n", a.Certificate.NotBefore.Format(time.DateOnly), a.Certificate.NotAfter.Format(time.DateOnly))
			fmt.Fprintf(out, "SHA-256  %s\n", a.Fingerprint())
			return a.Export(daemon.AuthorityFiles{PEM: pem, DER: der, ESL: esl})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&data, "data", "", "the `folder` that Spur is given with --data")
	flags.StringVar(&pem, "pem", "", "write the certificate to this `file` as text")
	flags.StringVar(&der, "der", "", "write it to this `file` as firmware's set-up menus take it")
	flags.StringVar(&esl, "esl", "", "write it to this `file` as OVMF takes it from QEMU")
	return cmd
}
