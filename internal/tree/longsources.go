package tree

import (
	"context"
	"errors"

	"github.com/spurboot/spur/internal/boot"
)

// LongSources keeps the keys of files that are too long to be sealed.
type LongSources interface {
	Keep(key string)
	Find(d Digest) (key string, ok bool)
}

// source is the file that a name is of, also where its name has only the digest: it
// is kept since the name was made or, where another server made it, is what the
// resolver says once more.
func (t *Tree) source(ctx context.Context, n Name) (boot.File, error) {
	if f, ok := t.known(n); ok {
		return f, nil
	}
	payload, err := t.resolve(ctx, boot.Client{MAC: n.Client.MAC})
	if err != nil {
		return boot.File{}, err
	}
	for _, f := range payload.Files() {
		if DigestOf(f.Key()) != n.Digest {
			continue
		}
		if t.LongSources != nil {
			t.LongSources.Keep(f.Key())
		}
		return f, nil
	}
	return boot.File{}, errors.New("its URL was replaced since the script was made; fetch the script again")
}

// known is the file that a name is of, without asking anybody.
func (t *Tree) known(n Name) (boot.File, bool) {
	if n.File.Source != "" || t.LongSources == nil {
		return n.File, n.File.Source != ""
	}
	key, ok := t.LongSources.Find(n.Digest)
	return boot.FileOf(key), ok
}
