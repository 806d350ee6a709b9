package keys

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/youmark/pkcs8"
)

// The types of PEM blocks that are written (RFC 7468).
const (
	certificateBlock = "CERTIFICATE"
	plainBlock       = "PRIVATE KEY"
	encryptedBlock   = "ENCRYPTED PRIVATE KEY"
)

// The ways in which a passphrase and a key don't go together.
var (
	errLocked = errors.New("it has a passphrase, and none was given")
	errWrong  = errors.New("the passphrase doesn't open it")
)

// parseCertificate is the first certificate in a PEM file.
func parseCertificate(text []byte) (*x509.Certificate, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == certificateBlock {
			return x509.ParseCertificate(block.Bytes)
		}
	}
	return nil, errors.New("it has no certificate in PEM")
}

// keyBlock is the first private key in a PEM file.
func keyBlock(text []byte) (*pem.Block, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case plainBlock, encryptedBlock, "RSA PRIVATE KEY", "EC PRIVATE KEY":
			return block, nil
		}
	}
	return nil, errors.New("it has no private key in PEM")
}

// parseKey reads a private key.
func parseKey(block *pem.Block, passphrase []byte) (crypto.Signer, error) {
	var key any
	var err error
	switch {
	case block.Headers["DEK-Info"] != "":
		return nil, errors.New("it is encrypted in the way of old PEM files (RFC 1421), which is too weak: write it anew by openssl pkcs8 -topk8")
	case block.Type == "EC PRIVATE KEY":
		return nil, errors.New("it is an EC key; UEFI takes RSA only")
	case block.Type == "RSA PRIVATE KEY":
		return parsePKCS1(block.Bytes)
	case block.Type == encryptedBlock:
		key, err = decrypt(block.Bytes, passphrase)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, unreadable(err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("its private key can't sign")
	}
	return signer, nil
}

func parsePKCS1(der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		return nil, unreadable(err)
	}
	return key, nil
}

// unreadable says that a key is damaged, or only closed.
func unreadable(err error) error {
	if errors.Is(err, errLocked) || errors.Is(err, errWrong) {
		return err
	}
	return fmt.Errorf("its private key can't be read: %w", err)
}

// decrypt opens an encrypted key. The library panics where a damaged file has sizes
// that no cipher has.
func decrypt(der, passphrase []byte) (key any, err error) {
	if len(passphrase) == 0 {
		return nil, errLocked
	}
	defer func() {
		if recover() != nil {
			err = errors.New("it is damaged")
		}
	}()
	if key, err = pkcs8.ParsePKCS8PrivateKey(der, passphrase); err != nil {
		return nil, errWrong
	}
	return key, nil
}

// encryption is that of keys that are written: AES-256, with a key that takes some
// tenths of a second to be derived.
func encryption() *pkcs8.Opts {
	return &pkcs8.Opts{
		Cipher:  pkcs8.AES256CBC,
		KDFOpts: pkcs8.PBKDF2Opts{SaltSize: 16, IterationCount: 600_000, HMACHash: crypto.SHA256},
	}
}

// encode is a key with its certificate, encrypted where there is a passphrase.
func encode(key crypto.Signer, certificate *x509.Certificate, passphrase []byte) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	block := plainBlock
	if err == nil && len(passphrase) > 0 {
		der, err = pkcs8.MarshalPrivateKey(key, passphrase, encryption())
		block = encryptedBlock
	}
	if err != nil {
		return nil, fmt.Errorf("the key can't be written: %w", err)
	}
	var out bytes.Buffer
	_ = pem.Encode(&out, &pem.Block{Type: block, Bytes: der}) // a buffer takes all
	_ = pem.Encode(&out, &pem.Block{Type: certificateBlock, Bytes: certificate.Raw})
	return out.Bytes(), nil
}
