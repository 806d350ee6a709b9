package tree

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// All files of an image are served below one sealed name, for systems that are told
// where their medium is and fetch from it what they like. There are no lists of folders:
// none of them asks for one.

// describeInImage says what a file below such a name is. That it isn't there is nothing
// out of the ordinary: installers try several names.
func describeInImage(n Name, name string) Entry {
	return Entry{Client: n.Client, Role: route.Extra, Name: path.Base(name), Optional: true}
}

// openInImage opens a file of an image by its path in it.
func (t *Tree) openInImage(ctx context.Context, root boot.File, name string) (fs.File, error) {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if name == "" {
		return nil, missing(root.Base(), errors.New("an image's folders aren't listed"))
	}
	f, err := t.Sources.Open(ctx, boot.File{Source: root.Source, Inside: name})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing(name, errors.New(root.Base()+" has no such file"))
	}
	return f, err
}
