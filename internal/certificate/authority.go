package certificate

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/spurboot/spur/internal/wholefile"
)

// Authority is a certificate authority of our own.
type Authority struct {
	Certificate *x509.Certificate
	key         *rsa.PrivateKey
}

// The files of an authority in its folder. The key is its owner's alone.
const (
	keyFile         = "ca.key"
	certificateFile = "ca.crt"
)

const (
	keyBits       = 2048
	authorityLife = 20 * 365 * 24 * time.Hour
)

// notBefore is when our certificates begin: long ago, since a machine whose
// battery is empty starts with a clock of the day that its firmware was built.
func notBefore() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// NewAuthority makes an authority that nothing keeps. host is named in its subject.
func NewAuthority(host string, now time.Time) (*Authority, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	der, err := selfSigned(key, host, now)
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	return &Authority{c, key}, err
}

func selfSigned(key *rsa.PrivateKey, host string, now time.Time) ([]byte, error) {
	t := &x509.Certificate{
		SerialNumber: serial(), Subject: subject("Spur CA of " + host), NotBefore: notBefore(), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	return x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
}

// subject names a certificate; a common name has 64 characters at most (RFC 5280
// appendix A.1).
func subject(name string) pkix.Name { return pkix.Name{CommonName: name[:min(len(name), 64)]} }

func serial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b[:])
}

// LoadAuthority reads the authority in the folder dir. Where there is none it makes
// one; of several servers that start together over one folder, all load the same.
func LoadAuthority(dir, host string, now time.Time) (a *Authority, made bool, err error) {
	a, err = ReadAuthority(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return a, false, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, false, err
	}
	fresh, err := NewAuthority(host, now)
	if err != nil {
		return nil, false, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(fresh.key)
	if err != nil {
		return nil, false, err
	}
	if err := create(filepath.Join(dir, keyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		return nil, false, err
	}
	// The key may be that of another server that was quicker, or of one that was
	// killed before it wrote this.
	key, err := readKey(filepath.Join(dir, keyFile))
	if err != nil {
		return nil, false, err
	}
	if der, err = selfSigned(key, host, now); err != nil {
		return nil, false, err
	}
	if err := create(filepath.Join(dir, certificateFile), PEM(der)); err != nil {
		return nil, false, err
	}
	a, err = ReadAuthority(dir)
	return a, true, err
}

// PEM is a certificate as text.
func PEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// ReadAuthority reads the authority in the folder dir, and writes nothing. Its error
// wraps fs.ErrNotExist where no certificate is there yet.
func ReadAuthority(dir string) (*Authority, error) {
	path := filepath.Join(dir, certificateFile)
	c, err := readCertificate(path)
	if err != nil {
		return nil, err
	}
	key, err := readKey(filepath.Join(dir, keyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is there, but not %s, without which it can issue nothing", path, keyFile)
	}
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(c.PublicKey) {
		return nil, fmt.Errorf("%s is not for the key in %s", path, keyFile)
	}
	if !c.IsCA {
		return nil, fmt.Errorf("%s is no certificate of an authority", path)
	}
	return &Authority{c, key}, nil
}

func readCertificate(path string) (*x509.Certificate, error) {
	b, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("%s is no certificate in PEM", path)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func readKey(path string) (*rsa.PrivateKey, error) {
	b, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s is no key in PEM (PKCS #8)", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s is no RSA key, which firmware wants", path)
	}
	return key, nil
}

// largestFile is more than any chain of certificates has.
const largestFile = 1 << 20

func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > largestFile {
		return nil, fmt.Errorf("%s is no file of a key or certificate", path)
	}
	return os.ReadFile(path)
}

// create makes a file for its owner alone. One that another server has made stays.
func create(path string, content []byte) error {
	if err := wholefile.Create(path, content, 0o600); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
