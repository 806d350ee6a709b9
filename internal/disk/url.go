package disk

import (
	"context"
	"strings"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/block/httpblock"
	"github.com/spurboot/spur/internal/advice"
)

func isURL(name string) bool {
	return strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://")
}

// openURL opens an image on a web server, for reading.
func openURL(ctx context.Context, url string, o Options) (*Disk, error) {
	if !o.ReadOnly {
		return nil, advice.New(url+" can only be read", "add --read-only, or write to an overlay: convert the image to a file first")
	}
	remote, err := httpblock.Open(ctx, url, httpblock.Options{Unchecked: o.once})
	if err != nil {
		return nil, adviseURL(url, err)
	}
	d, err := open(ctx, block.FileOf(ctx, remote), o, func(context.Context, diskimage.Reference) (diskimage.Opened, error) {
		return diskimage.Opened{}, advice.New("an image at a URL may have no backing file", "download both and convert them here")
	})
	if err != nil {
		remote.Close()
		return nil, advise(url, err)
	}
	d.Files = []string{url}
	return d, nil
}
