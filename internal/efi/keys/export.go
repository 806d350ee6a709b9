package keys

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/efi/siglist"
	"github.com/spurboot/spur/internal/efi/signeddata"
)

// Owner is the identifier under which firmware lists what these keys put into it. It
// is made of the highest key's certificate, so that it stays the same.
func Owner(have []Kept) siglist.GUID {
	if len(have) == 0 {
		return siglist.GUID{}
	}
	sum := sha256.Sum256(have[0].Certificate.Raw)
	g := siglist.GUID(sum[:16])
	g[7] = g[7]&0x0f | 0x80 // of version 8, which is whoever's (RFC 9562 section 5.8)
	g[8] = g[8]&0x3f | 0x80
	return g
}

// Export writes the public halves of keys into a folder, which it makes: for each a
// certificate in DER (.cer) and PEM (.crt), a signature list (.esl), and an update of
// its variable that firmware takes from nobody but the keys' owner (.auth), if the key
// that has to sign it is there. It returns the names of the files. No file is replaced.
func Export(dir string, have []Kept, passphrase []byte, now time.Time) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var names []string
	for _, k := range have {
		files := map[string][]byte{
			".cer": k.Certificate.Raw,
			".crt": pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: k.Certificate.Raw}),
			".esl": siglist.Certificates(Owner(have), k.Certificate),
		}
		if by, ok := find(have, k.Role.signedBy()); ok {
			signer, err := by.Signer(passphrase, now)
			if err != nil {
				return names, err
			}
			if files[".auth"], err = k.Role.Update(signer, false, now, Owner(have), k.Certificate); err != nil {
				return names, err
			}
		}
		for _, suffix := range []string{".cer", ".crt", ".esl", ".auth"} {
			if len(files[suffix]) == 0 {
				continue
			}
			name := filepath.Join(dir, string(k.Role)+suffix)
			if err := writeNew(name, files[suffix]); err != nil {
				return names, err
			}
			names = append(names, name)
		}
	}
	return names, nil
}

// Update is a signed update of a role's variable, to certificates or, if add is true,
// by them.
func (r Role) Update(signer *signeddata.Signer, add bool, now time.Time, owner siglist.GUID, certificates ...*x509.Certificate) ([]byte, error) {
	return siglist.Update{Variable: r.Variable(), Time: now.Truncate(time.Second), Append: add, Data: siglist.Certificates(owner, certificates...)}.Sign(signer)
}

// signedBy is the role of the key whose signature firmware wants for an update.
func (r Role) signedBy() Role {
	if r == DB {
		return KEK
	}
	return PK
}

func find(have []Kept, r Role) (Kept, bool) {
	for _, k := range have {
		if k.Role == r {
			return k, true
		}
	}
	return Kept{}, false
}

// writeNew writes a file that isn't there yet.
func writeNew(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return advice.New(name+" is there already", "name a folder that is empty, or isn't there yet")
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
