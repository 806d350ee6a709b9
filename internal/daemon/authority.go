package daemon

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/certificate"
	"github.com/spurboot/spur/internal/datafolder"
	"github.com/spurboot/spur/internal/efi/siglist"
)

// authorityDir is the folder of Spur's own certificate authority below that of
// --data.
func authorityDir(data string) string { return filepath.Join(data, "tls") }

// authority is Spur's own certificate authority: the one in the folder of --data,
// which is made on first use, else one that lives as long as this Spur.
func (d *daemon) authority() (*certificate.Authority, error) {
	host, _ := os.Hostname() // a name for people
	if d.config.Data == "" {
		d.notices.warn("the certificate authority for HTTPS ends with this Spur, so that no machine can be given it as one to trust; name a folder to keep it in with --data")
		return certificate.NewAuthority(host, time.Now())
	}
	if d.config.DryRun {
		a, err := certificate.ReadAuthority(authorityDir(d.config.Data))
		if errors.Is(err, fs.ErrNotExist) {
			return certificate.NewAuthority(host, time.Now())
		}
		return a, adviseAuthority(err)
	}
	a, made, err := certificate.LoadAuthority(authorityDir(d.config.Data), host, time.Now())
	if made {
		d.notices.note("Spur has made a certificate authority for HTTPS in " + authorityDir(d.config.Data) + "; spur loader ca exports it for machines to trust.")
	}
	return a, adviseAuthority(err)
}

func adviseAuthority(err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return advice.Or(err, datafolder.Advise(err))
	}
	return advice.Or(wrapped("Spur's certificate authority", err), "restore the folder from a copy; or move it away, and a new one is made, which machines have to be given anew")
}

// Authority is Spur's own certificate authority for HTTPS, without its key.
type Authority struct {
	Certificate *x509.Certificate
	Dir         string
	Made        bool // just now
}

// OpenAuthority reads the authority in the folder of --data, or makes it.
func OpenAuthority(data string) (Authority, error) {
	dir, err := datafolder.Own(authorityDir(data))
	if err != nil {
		return Authority{}, err
	}
	host, _ := os.Hostname() // a name for people
	a, made, err := certificate.LoadAuthority(dir, host, time.Now())
	if err != nil {
		return Authority{}, adviseAuthority(err)
	}
	return Authority{a.Certificate, dir, made}, nil
}

// Fingerprint is what set-up menus show of the certificate.
func (a Authority) Fingerprint() string { return fingerprint(a.Certificate) }

func fingerprint(c *x509.Certificate) string {
	var pairs []string
	for _, b := range sha256.Sum256(c.Raw) {
		pairs = append(pairs, fmt.Sprintf("%02X", b))
	}
	return strings.Join(pairs, ":")
}

// AuthorityFiles are the files that an authority's certificate is written to; an
// empty name is none.
type AuthorityFiles struct{ PEM, DER, ESL string }

// Export writes the certificate for machines to trust.
func (a Authority) Export(to AuthorityFiles) error {
	for _, f := range []struct {
		name    string
		content []byte
	}{
		{to.PEM, certificate.PEM(a.Certificate.Raw)},
		{to.DER, a.Certificate.Raw},
		// Whose list it is doesn't matter to firmware, which looks at the
		// certificates alone (TlsConfigCertificate in edk2's HttpsSupport.c).
		{to.ESL, siglist.Certificates(siglist.GUID{}, a.Certificate)},
	} {
		if f.name == "" {
			continue
		}
		if err := os.WriteFile(f.name, f.content, 0o644); err != nil {
			return advice.Wrap(err, "name a file in a folder that you can write to")
		}
	}
	return nil
}

func wrapped(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
