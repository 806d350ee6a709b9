package daemon

import (
	"fmt"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/host"
	"github.com/spurboot/spur/internal/tree"
)

// lockedKey says of the key that signs that it has a passphrase, without which nothing
// is served; "" where it has none.
func (c Config) lockedKey() (string, error) {
	key, err := host.SigningKey(c.Data)
	if err != nil || key == nil || !key.Locked {
		return "", err
	}
	return fmt.Sprintf("the key that signs, %s, has a passphrase: spur boot needs --passphrase-file", key.Path), nil
}

// openSigning has all EFI applications signed where there is a key for it.
func (d *daemon) openSigning() error {
	passphrase, err := host.ReadPassphrase(d.config.Passphrase)
	if err != nil {
		return err
	}
	key, err := host.SigningKey(d.config.Data)
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
