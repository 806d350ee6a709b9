package machines

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/datafolder"
)

// BootedDir is where it is kept which machines have booted with --once.
func BootedDir(data string) string { return filepath.Join(data, "booted") }

// Booted is a machine that has booted with --once.
type Booted struct {
	MAC  boot.MAC
	Time time.Time
}

// BootedOnce lists the machines that have booted with --once, whether or not a
// Spur runs over the folder data.
func BootedOnce(data string) ([]Booted, error) {
	marks, err := openBooted(data)
	if marks == nil || err != nil {
		return nil, err
	}
	all, err := marks.All()
	return all, unreadable(err)
}

// Rearm lets machines that have booted with --once boot once more; a Spur that
// runs over the folder data sees it at once. It tells which had.
func Rearm(data string, macs []boot.MAC) (done []boot.MAC, err error) {
	marks, err := openBooted(data)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, mac := range macs {
		was := false
		if marks != nil {
			was, err = marks.Remove(mac)
		}
		switch {
		case err != nil:
			errs = append(errs, unreadable(err))
		case !was:
			errs = append(errs, advice.New(fmt.Sprintf("%s has not booted with --once over %s", mac, data), "spur machine list shows which machines have"))
		default:
			done = append(done, mac)
		}
	}
	return done, errors.Join(errs...)
}

// openBooted opens the marks of a folder that must be there; nil where no Spur
// with --once has run over it.
func openBooted(data string) (*Marks, error) {
	data, err := datafolder.Own(data)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(data); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, advice.New("there is no folder "+data, "name the folder that spur boot or spur api was given with --data")
		}
		return nil, advice.Wrap(fmt.Errorf("--data: %w", err), "name the folder that spur boot or spur api was given with --data")
	}
	if _, err := os.Stat(BootedDir(data)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, unreadable(err)
	}
	marks, err := OpenMarks(BootedDir(data))
	return marks, unreadable(err)
}

func unreadable(err error) error {
	return advice.Wrap(err, "run as root, or as the user that Spur runs as")
}
