package fetch

import (
	"context"
	"net/http"
	"strconv"

	"github.com/spurboot/spur/block/httpblock"
)

// source is what is fetched: a file, or a part of one.
type source struct {
	url       string
	off, size int64 // of a part; size is 0 for the whole
}

func (s source) isPart() bool { return s.size > 0 }

// isPart tells whether a version is of a part.
func (v version) isPart() bool { return v.size != v.whole }

// OpenPart is Open for size bytes of a file from off on, fewer where it ends before.
// Nothing else of the file is fetched. Parts of one file are of the same version where
// they have the same ETag. A server that doesn't send parts, or nothing by which versions
// are told apart for sure, makes it fail with an error that wraps [ErrNoParts].
func (c *Cache) OpenPart(ctx context.Context, rawURL string, off, size int64) (*File, error) {
	return c.open(ctx, source{rawURL, off, size})
}

// header asks for the source.
func (s source) header() http.Header {
	h := http.Header{}
	if s.isPart() {
		h.Set("Range", "bytes="+strconv.FormatInt(s.off, 10)+"-"+strconv.FormatInt(s.off+s.size-1, 10))
	}
	return h
}

// status is that of an answer that has the source.
func (s source) status() int {
	if s.isPart() {
		return http.StatusPartialContent
	}
	return http.StatusOK
}

// version reads the header of such an answer.
func (s source) version(resp *http.Response) (version, error) {
	if !s.isPart() {
		return versionOf(resp.Header, resp.ContentLength), nil
	}
	first, last, whole, err := httpblock.ParseContentRange(resp.Header.Get("Content-Range"))
	if err != nil {
		return version{}, err
	}
	v := versionOf(resp.Header, last-first+1)
	v.base, v.whole, v.ranges = first, whole, true
	if v.strong() == "" || first != s.off || whole < 0 || last != min(s.off+s.size, whole)-1 {
		return version{}, ErrNoParts
	}
	return v, nil
}
