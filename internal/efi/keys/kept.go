package keys

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/efi/signeddata"
)

// Kept is a key in a folder.
type Kept struct {
	Role        Role
	Path        string
	Certificate *x509.Certificate
	Locked      bool // it opens with a passphrase only

	text []byte
}

// fileMost bounds what is read of a file, in bytes.
const fileMost = 1 << 20

// Read reads which keys a folder has, in the order of their rank; none where there
// is no folder. Keys that others may read are an error.
func Read(dir string) ([]Kept, error) {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err == nil {
		err = secret(dir, info, os.ModeDir|0o700)
	}
	if err != nil {
		return nil, err
	}
	var all []Kept
	for _, r := range Roles() {
		k, err := read(dir, r)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, nil
}

// path is the file of a key.
func path(dir string, r Role) string { return filepath.Join(dir, string(r)+".pem") }

func read(dir string, r Role) (Kept, error) {
	k := Kept{Role: r, Path: path(dir, r)}
	f, err := os.OpenFile(k.Path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return k, advice.New(k.Path+" is a link", "put the file itself there")
	}
	if err != nil {
		return k, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		err = secret(k.Path, info, 0o600)
	}
	if err == nil {
		k.text, err = io.ReadAll(io.LimitReader(f, fileMost))
	}
	if err != nil {
		return k, err
	}
	block, err := keyBlock(k.text)
	if err == nil {
		k.Locked = block.Type == encryptedBlock
		k.Certificate, err = parseCertificate(k.text)
	}
	return k, advice.Wrap(named(k.Path, err), "move the file away, and make or import that key anew")
}

// secret refuses what others may read or have put there: a key is whose it is who
// can sign with it.
func secret(path string, info fs.FileInfo, want fs.FileMode) error {
	kind, owner := "file", info.Sys().(*syscall.Stat_t).Uid
	if want.IsDir() {
		kind = "folder"
	}
	switch {
	case info.Mode().Type() != want.Type():
		return advice.New(fmt.Sprintf("%s is no %s", path, kind), "move it away")
	case info.Mode().Perm()&^want.Perm() != 0:
		return advice.New(fmt.Sprintf("%s can be used by others than its owner (mode %04o): keys of Secure Boot are secrets", path, info.Mode().Perm()),
			fmt.Sprintf("if nobody else has read it, close it: chmod %o %s", want.Perm(), path))
	case owner != 0 && int(owner) != os.Geteuid():
		return advice.New(fmt.Sprintf("%s belongs to the user %d, who can read keys of Secure Boot there", path, owner), "take it back: chown "+fmt.Sprint(os.Geteuid())+" "+path)
	}
	return nil
}

// named says which file an error is about.
func named(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", path, err)
}

// Signer opens the key. passphrase is nil for none; a key that isn't locked needs
// none.
func (k Kept) Signer(passphrase []byte, now time.Time) (*signeddata.Signer, error) {
	block, err := keyBlock(k.text)
	if err != nil {
		return nil, named(k.Path, err)
	}
	key, err := parseKey(block, passphrase)
	if err != nil {
		return nil, adviseKey(named(k.Path, err))
	}
	s, err := signeddata.NewSigner(key, k.Certificate, now)
	return s, advice.Wrap(named(k.Path, err), "import another key, or make new ones and enroll them")
}

// adviseKey says what to do about a key that can't be opened.
func adviseKey(err error) error {
	if errors.Is(err, errLocked) || errors.Is(err, errWrong) {
		return advice.Wrap(err, "name the file that has its passphrase with --passphrase-file")
	}
	return advice.Or(err, "see that the file is whole, and in PEM")
}

// Name is the name in the certificate.
func (k Kept) Name() string { return signeddata.Name(k.Certificate) }

// Fingerprint is the hash of the certificate, as tools and set-up menus show it.
func (k Kept) Fingerprint() string {
	sum := sha256.Sum256(k.Certificate.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}
