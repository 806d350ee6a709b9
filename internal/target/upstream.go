package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/rawdisk"
	"github.com/spurboot/spur/internal/tree"
)

// Upstream reads what files elsewhere and here begin with, before any machine asks.
type Upstream struct {
	// Open opens a URL.
	Open func(ctx context.Context, url string) (fs.File, error)
	// Say tells whoever started Spur what it waits for.
	Say func(line string)
	// Disks opens images of disks.
	Disks *rawdisk.Images
	// Later: a compressed disk isn't waited for until it is unpacked.
	Later bool
	// Lists: all that a menu's folders have which can't be booted is listed beside what is said.
	Lists bool
}

// waitSaid is how long a server may take before it is said that it is waited
// for.
const waitSaid = 2 * time.Second

// read is an image.Reader. Through a cache the rest of what it looks into is on
// its way when the first machine asks.
func (u Upstream) read(ctx context.Context, url string, read func(io.ReaderAt, int64) error) error {
	return u.with(ctx, url, func(f fs.File) error {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		at, ok := f.(io.ReaderAt)
		if !ok {
			return fmt.Errorf("%s can't be read at random", url)
		}
		return read(at, info.Size())
	})
}

// with opens a URL and says so where that takes its time.
func (u Upstream) with(ctx context.Context, url string, read func(fs.File) error) error {
	waiting := time.AfterFunc(waitSaid, func() { u.Say("Waiting for " + boot.File{Source: url}.Base() + " from " + hostOf(url) + ".") })
	defer waiting.Stop()
	f, err := u.Open(ctx, url)
	if err != nil {
		return adviseURL(err)
	}
	defer f.Close()
	return adviseURL(read(f))
}

func hostOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "its server"
	}
	return u.Host
}

// text reads an iPXE script, from here or from elsewhere.
func (u Upstream) text(ctx context.Context, f boot.File) (text string, err error) {
	read := func(from fs.File) error {
		b, err := io.ReadAll(io.LimitReader(from, tree.ScriptMost+1))
		if err == nil && len(b) > tree.ScriptMost {
			err = advice.New(fmt.Sprintf("%s is an iPXE script of more than %d bytes", f.Source, tree.ScriptMost),
				"split it: a script can chain to another one beside it")
		}
		text = string(b)
		return err
	}
	if f.IsURL() {
		err = u.with(ctx, f.Source, read)
		return text, err
	}
	local, err := OpenRegular(f.Source)
	if err != nil {
		return "", err
	}
	defer local.Close()
	err = read(local)
	return text, err
}

// check tells whether a file that is referred to can be had.
func (u Upstream) check(ctx context.Context, f boot.File) error {
	if f.IsURL() {
		return u.read(ctx, f.Source, func(r io.ReaderAt, _ int64) error {
			_, err := r.ReadAt(make([]byte, 1), 0)
			if errors.Is(err, io.EOF) {
				return nil // an empty file is there, too
			}
			return err
		})
	}
	return readable(f.Source)
}

// adviseURL says what to do about a URL that can't be read.
func adviseURL(err error) error {
	var at *fetch.Error
	if !errors.As(err, &at) || advice.Of(err) != "" {
		return err
	}
	remedy := "try it: curl -v " + at.URL
	switch {
	case at.Status == http.StatusNotFound, at.Status == http.StatusGone:
		remedy = "check the path in the URL"
	case at.Status == http.StatusUnauthorized, at.Status == http.StatusForbidden:
		remedy = "check the URL: a presigned one may be too old, others need https://user:password@host/…"
	case at.Status >= http.StatusInternalServerError:
		remedy = "look at that server's log, or try again later"
	case advice.Of(advice.InWords(at.Err)) != "":
		remedy = advice.Of(advice.InWords(at.Err))
	case at.Timeout():
		remedy = "see whether that server can be reached and isn't overloaded: curl -v " + at.URL
	}
	return advice.Wrap(err, remedy)
}
