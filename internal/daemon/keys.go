package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/datafolder"
	"github.com/spurboot/spur/internal/efi/keys"
	"github.com/spurboot/spur/internal/tree"
)

// KeysDir is the folder below that of --data in which the keys of Secure Boot are,
// or come to be. It has no links.
func KeysDir(data string) (string, error) {
	data, err := datafolder.Own(data)
	if err != nil {
		return "", err
	}
	return datafolder.Own(filepath.Join(data, "keys"))
}

// ReadPassphrase reads the passphrase of keys: the first line of a file. It is nil
// where no file is named.
func ReadPassphrase(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--passphrase-file: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return nil, advice.New(fmt.Sprintf("--passphrase-file: the first line of %s is empty", file), "write the passphrase there")
	}
	return []byte(line), nil
}

// signingKey is the key with which EFI applications are signed; nil where there is
// none.
func (c Config) signingKey() (*keys.Kept, error) {
	if c.Data == "" {
		return nil, nil
	}
	dir, err := KeysDir(c.Data)
	if err != nil {
		return nil, err
	}
	have, err := keys.Read(dir)
	if err != nil {
		return nil, err
	}
	for _, k := range have {
		if k.Role == keys.DB {
			return &k, nil
		}
	}
	return nil, nil
}

// lockedKey says of the key that signs that it has a passphrase, without which nothing
// is served; "" where it has none.
func (c Config) lockedKey() (string, error) {
	key, err := c.signingKey()
	if err != nil || key == nil || !key.Locked {
		return "", err
	}
	return fmt.Sprintf("the key that signs, %s, has a passphrase: spur boot needs --passphrase-file", key.Path), nil
}

// openSigning has all EFI applications signed where there is a key for it.
func (d *daemon) openSigning() error {
	passphrase, err := ReadPassphrase(d.config.Passphrase)
	if err != nil {
		return err
	}
	key, err := d.config.signingKey()
	if err != nil {
		return err
	}
	if key == nil {
		return d.config.needless()
	}
	signer, err := key.Signer(passphrase, time.Now())
	if err != nil {
		return err
	}
	d.signing, d.signedBy = tree.NewSigning(signer), key.Name()
	return nil
}

// needless refuses a passphrase without a key.
func (c Config) needless() error {
	if c.Passphrase == "" {
		return nil
	}
	return advice.New("--passphrase-file is given, but there is no key of Secure Boot to sign with", "name the folder that has keys with --data, or make keys there: spur loader keys init --data DIR")
}
