package diskserve

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/wholefile"
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

// fileMost bounds a file of a password, a certificate or a key, in bytes.
const fileMost = 1 << 20

func (f TLSFiles) pair() (tls.Certificate, error) {
	certificate, err := wholefile.Read(f.Cert, fileMost)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := wholefile.Read(f.Key, fileMost)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(certificate, key)
}

// config is nil without a certificate.
func (f TLSFiles) config() (*tls.Config, error) {
	if f.Cert == "" {
		return nil, nil //nolint:nilnil // no TLS is what a nil *tls.Config says
	}
	pair, err := f.pair()
	if err != nil {
		return nil, advice.Wrap(fmt.Errorf("the certificate %s with the key %s: %w", f.Cert, f.Key, err), "both are PEM files, and belong to each other")
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if f.CA == "" {
		return config, nil
	}
	text, err := wholefile.Read(f.CA, fileMost)
	if err != nil {
		return nil, fmt.Errorf("--tls-ca: %w", err)
	}
	config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return nil, advice.New(fmt.Sprintf("--tls-ca %s has no certificate", f.CA), "it is a PEM file with the certificates that sign those of clients")
	}
	return config, nil
}
