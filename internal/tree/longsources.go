package tree

import (
	"context"
	"errors"

	"github.com/spurboot/spur/internal/boot"
)

// LongSources keeps the sources that are too long to be sealed.
type LongSources interface {
	Keep(source string)
	Find(d Digest) (source string, ok bool)
}

// source is the source of a file, also where its name has only the digest: it
// is kept since the name was made or, where another server made it, is what the
// resolver says once more.
func (t *Tree) source(ctx context.Context, n Name) (string, error) {
	if source, ok := t.known(n); ok {
		return source, nil
	}
	payload, err := t.Resolver.Resolve(ctx, boot.Client{MAC: n.Client.MAC})
	if err != nil {
		return "", err
	}
	for _, f := range payload.Files() {
		if DigestOf(f.Source) != n.Digest {
			continue
		}
		if t.LongSources != nil {
			t.LongSources.Keep(f.Source)
		}
		return f.Source, nil
	}
	return "", errors.New("its URL was replaced since the script was made; fetch the script again")
}

// known is the source of a file without asking anybody.
func (t *Tree) known(n Name) (string, bool) {
	if n.Source != "" || t.LongSources == nil {
		return n.Source, n.Source != ""
	}
	return t.LongSources.Find(n.Digest)
}
