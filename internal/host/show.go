package host

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/internal/advice"
)

// ShowLoaders says what the file of a name is or, where there is none, what the loaders of
// this host are that have that name or are handed out under it, as [ListLoaders] shows them.
func ShowLoaders(name, data string, own []string) ([]Description, error) {
	d, err := showFile(name, data, own)
	if err == nil {
		return []Description{d}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) || filepath.Base(name) != name {
		return nil, err
	}
	listed, failed := ListLoaders(data, own)
	if failed != nil {
		return nil, errors.Join(err, failed)
	}
	var all []Description
	for _, l := range listed {
		if !l.called(name) {
			continue
		}
		d := l.Description
		if d.Path != "" {
			if d, err = showFile(d.Path, data, own); err != nil {
				return nil, err
			}
		}
		all = append(all, d)
	}
	if all == nil {
		return nil, advice.Wrap(err, "check its name; spur loader list shows the loaders of this host, which need no path")
	}
	return all, nil
}

// called tells whether a loader has a name, or is what is handed out under it.
func (l Loader) called(name string) bool {
	return filepath.Base(l.Path) == name || l.Embedded == name || l.First && strings.HasPrefix(l.Use, name+" for ")
}
