package loaderstore

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// take keeps a loader, and reports it.
func (i *importing) take(name, from string, content []byte) error {
	taken, err := i.store.Take(name, from, content)
	if err == nil {
		i.report.Taken = append(i.report.Taken, taken)
	}
	return err
}

// Take keeps a loader. The error says why it is none, or is a KeepError.
func (s Store) Take(name, from string, content []byte) (Taken, error) {
	b, err := loader.Look(name, content)
	switch {
	case err != nil && endsIn(name, ".e32"):
		return Taken{}, errors.New("it is what Syslinux for UEFI x86 starts first, and Spur hands out no Syslinux for that")
	case err != nil:
		return Taken{}, err
	case b.Identity.Kind.Beside() && strings.Contains(filepath.ToSlash(from), "efi32/"):
		return Taken{}, errors.New("it is a module of Syslinux for UEFI x86, by its folder's name, and Spur hands out no Syslinux for that; a BIOS takes those of the folder bios")
	}
	if b.Identity.Kind == route.KindRPi {
		return Taken{}, errors.New("a Raspberry Pi's firmware is many files that go together; unpack its package, and name their folder with --loaders")
	}
	b.Path = name
	path, added, err := s.Keep(b, content, from)
	if err != nil {
		return Taken{}, KeepError{err}
	}
	b.Path = path
	return Taken{b, from, added}, nil
}

// KeepError is one of the store, in which nothing could be kept. It ends the import.
type KeepError struct{ error }

func (k KeepError) Unwrap() error { return k.error }
