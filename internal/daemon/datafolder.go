package daemon

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/datafolder"
	"github.com/spurboot/spur/internal/seal"
	"github.com/spurboot/spur/internal/store"
)

// openKept opens what survives a restart, in the folder of --data.
func (d *daemon) openKept() (err error) {
	if d.config.Data, err = datafolder.Own(d.config.Data, d.account.UID); err != nil {
		return err
	}
	for _, name := range []string{"spur.store.0", "spur.store.1", "seal.key", "keys", "booted", "machines", "failed", "cache", "tls", "acme", "loaders"} {
		if _, err := datafolder.Own(filepath.Join(d.config.Data, name), d.account.UID); err != nil {
			return err
		}
	}
	if err := datafolder.Creatable(d.config.Data); err != nil {
		return err
	}
	if d.config.DryRun {
		return d.openDry()
	}
	if d.store, err = store.Open(d.config.Data); err != nil {
		return advice.Or(err, datafolder.Advise(err))
	}
	d.names.Key, err = seal.LoadKey(d.config.keyFile())
	return d.keyTrouble(err)
}

// openDry opens what is there already, and writes nothing.
func (d *daemon) openDry() error {
	d.names.Key = seal.NewKey()
	kept, err := store.OpenCopy(d.config.Data)
	if err != nil {
		return advice.Or(err, datafolder.Advise(err))
	}
	d.store = kept
	key, err := seal.ReadKey(d.config.keyFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	d.names.Key = key
	return d.keyTrouble(err)
}

// keyAdvice is for a key that is there and can't be used.
const keyAdvice = "move it away, and the next start makes a new one; machines that are booting begin anew"

func (d *daemon) keyTrouble(err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return advice.Or(err, datafolder.Advise(err))
	}
	return advice.Or(err, keyAdvice)
}
