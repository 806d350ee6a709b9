package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spurboot/spur/internal/daemon"
)

// httpsFlags say whether files are served over HTTPS, and whose certificate that has.
type httpsFlags struct {
	httpsPort uint16
	tlsCert   string
	tlsKey    string
	acme      daemon.ACME
}

func (f *httpsFlags) addHTTPS(flags *pflag.FlagSet) {
	flags.Uint16Var(&f.httpsPort, "https-port", 0, "`port` of the HTTPS server; 0 for none (default with --tls-cert or --acme: 443)")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "certificate for HTTPS, in a `file` in PEM, RSA for firmware (default: one by an authority of Spur's own, see spur loader ca)")
	flags.StringVar(&f.tlsKey, "tls-key", "", "a `file` with the private key of --tls-cert, in PEM")
	flags.StringVar(&f.acme.Name, "acme", "", "have an ACME server issue the certificate for this `name` of the host; whoever asks for that agrees to the server's terms")
	flags.StringVar(&f.acme.Directory, "acme-directory", "", "the `URL` of the ACME server (default: Let's Encrypt's)")
	flags.StringVar(&f.acme.Email, "acme-email", "", "an `address` that the ACME server may write to")
}

// https is what the flags say of HTTPS. Who names a certificate wants it served.
func (f *httpsFlags) https(cmd *cobra.Command) daemon.HTTPS {
	h := daemon.HTTPS{Port: f.httpsPort, Certificate: f.tlsCert, Key: f.tlsKey, ACME: f.acme}
	if (h.Certificate != "" || h.ACME.Name != "") && !cmd.Flags().Changed("https-port") {
		h.Port = 443
	}
	return h
}
