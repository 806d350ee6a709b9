package keys

import (
	"os"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/efi/signeddata"
	"github.com/spurboot/spur/internal/wholefile"
)

// Import keeps a key that was made elsewhere: PEM files with a private key and with
// its certificate, which may be one file. passphrase opens the key if it is
// encrypted, and encrypts the one that is kept; nil for none.
func Import(dir string, r Role, keyFile, certificateFile string, passphrase []byte, now time.Time) (Kept, error) {
	if _, err := Read(dir); err != nil {
		return Kept{}, err
	}
	text, err := wholefile.Read(keyFile, fileMost)
	if err != nil {
		return Kept{}, err
	}
	block, err := keyBlock(text)
	if err != nil {
		return Kept{}, advice.Wrap(named(keyFile, err), "name a file with PRIVATE KEY in it; openssl pkcs8 -topk8 -inform DER makes one of DER")
	}
	key, err := parseKey(block, passphrase)
	if err != nil {
		return Kept{}, adviseKey(named(keyFile, err))
	}
	if text, err = wholefile.Read(certificateFile, fileMost); err != nil {
		return Kept{}, err
	}
	certificate, err := parseCertificate(text)
	if err != nil {
		return Kept{}, advice.Wrap(named(certificateFile, err), "name a file with CERTIFICATE in it; openssl x509 -inform DER makes one of DER")
	}
	if _, err := signeddata.NewSigner(key, certificate, now); err != nil {
		return Kept{}, advice.Wrap(named(certificateFile, err), "import an RSA key of 2048 bits or more and the certificate that was made of it")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Kept{}, err
	}
	return keep(dir, r, key, certificate, passphrase)
}
