package daemon

import (
	"context"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/tree"
)

// openPart opens parts of images that lie elsewhere.
func openPart(cache *fetch.Cache) tree.OpenPart {
	return func(ctx context.Context, url string, off, size int64) (fs.File, error) {
		f, err := cache.OpenPart(ctx, url, off, size)
		if err != nil {
			return nil, err
		}
		return f, nil
	}
}

// lookURL opens what lies elsewhere to look into it. Of what is called an image of a disc
// no more is fetched than that, where its server sends parts: machines are served parts of
// it too.
func lookURL(cache *fetch.Cache) func(context.Context, string) (fs.File, error) {
	return func(ctx context.Context, address string) (fs.File, error) {
		if u, err := url.Parse(address); err == nil && strings.EqualFold(path.Ext(u.Path), ".iso") {
			if f, err := openPart(cache).Look(ctx, address); err == nil {
				return f, nil
			}
		}
		return openURL(cache)(ctx, address)
	}
}

// openURL opens payload files that lie elsewhere.
func openURL(cache *fetch.Cache) func(context.Context, string) (fs.File, error) {
	return func(ctx context.Context, url string) (fs.File, error) {
		f, err := cache.Open(ctx, url)
		if err != nil {
			return nil, err
		}
		return f, nil
	}
}
