package diskserve

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/spurboot/spur/internal/advice"
)

// TLSFiles name files in PEM.
type TLSFiles struct {
	Cert, Key string
	// CA signs the certificates that clients have to show; "" asks for none.
	CA string
}

func (f TLSFiles) check() error {
	switch {
	case (f.Cert == "") != (f.Key == ""):
		return errors.New("--tls-cert and --tls-key go together")
	case f.CA != "" && f.Cert == "":
		return errors.New("--tls-ca needs --tls-cert and --tls-key")
	}
	return nil
}

// config is nil without a certificate.
func (f TLSFiles) config() (*tls.Config, error) {
	if f.Cert == "" {
		return nil, nil //nolint:nilnil // no TLS is what a nil *tls.Config says
	}
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, advice.Wrap(fmt.Errorf("the certificate %s with the key %s: %w", f.Cert, f.Key, err), "both are PEM files, and belong to each other")
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if f.CA == "" {
		return config, nil
	}
	text, err := os.ReadFile(f.CA)
	if err != nil {
		return nil, fmt.Errorf("--tls-ca: %w", err)
	}
	config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return nil, advice.New(fmt.Sprintf("--tls-ca %s has no certificate", f.CA), "it is a PEM file with the certificates that sign those of clients")
	}
	return config, nil
}
