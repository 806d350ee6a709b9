package keys

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/wholefile"
)

// Certificates made here are valid for long, since firmware looks at no dates and
// whoever replaces one has to visit each machine; and from a day before on, for
// clocks that are behind.
const (
	validYears = 30
	validSince = 24 * time.Hour
	keyBits    = 2048 // what every firmware takes (UEFI 2.10 section 32.4.1)
)

// Create makes the keys that a folder lacks, and the folder. It returns those that
// it made. passphrase is nil for none.
func Create(dir string, passphrase []byte, now time.Time) ([]Kept, error) {
	have, err := Read(dir)
	if err != nil {
		return nil, err
	}
	if len(have) == len(Roles()) {
		return nil, advice.New(dir+" has PK, KEK and db already", "spur loader keys show shows them; to make others, move that folder away: machines that know these keys boot nothing that the others sign")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var made []Kept
	for _, r := range Roles() {
		if _, ok := find(have, r); ok {
			continue
		}
		k, err := create(dir, r, passphrase, now)
		if err != nil {
			return made, err
		}
		made = append(made, k)
	}
	return made, nil
}

func create(dir string, r Role, passphrase []byte, now time.Time) (Kept, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return Kept{}, err
	}
	certificate, err := selfSigned(key, r.commonName(), now)
	if err != nil {
		return Kept{}, err
	}
	return keep(dir, r, key, certificate, passphrase)
}

// selfSigned is a certificate of a key by itself: firmware takes what is in its
// variables as an anchor, and needs nobody to vouch for it.
func selfSigned(key *rsa.PrivateKey, name string, now time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-validSince), NotAfter: now.AddDate(validYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, SignatureAlgorithm: x509.SHA256WithRSA,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// keep writes a key, and reads it again. One that is there already stays.
func keep(dir string, r Role, key crypto.Signer, certificate *x509.Certificate, passphrase []byte) (Kept, error) {
	text, err := encode(key, certificate, passphrase)
	if err != nil {
		return Kept{}, err
	}
	if err := wholefile.Create(path(dir, r), text, 0o600); errors.Is(err, fs.ErrExist) {
		return Kept{}, advice.New(fmt.Sprintf("%s has a key %s already", dir, r), "move "+path(dir, r)+" away first: machines that know it boot nothing that another one signs")
	} else if err != nil {
		return Kept{}, err
	}
	return read(dir, r)
}
