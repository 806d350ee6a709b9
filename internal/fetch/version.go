package fetch

import (
	"net/http"
	"strings"
	"time"

	"github.com/spurboot/spur/block/httpblock"
)

// version tells one state of an upstream file from another, by the validators
// of RFC 9110 section 8.8.
type version struct {
	etag     string // as it came, perhaps weak; empty: none
	modified string // Last-Modified as it came; empty: none or not a date
	size     int64  // in bytes, of a part that is all there is to read; -1: not said
	base     int64  // where in the upstream file a part begins
	whole    int64  // size of the upstream file
	firm     bool   // modified is a strong validator
	ranges   bool   // the server says that it has ranges
}

// versionOf reads the header of a whole answer (200) of size bytes.
func versionOf(h http.Header, size int64) version {
	v := version{etag: validETag(h.Get("ETag")), size: max(size, -1), whole: max(size, -1)}
	v.ranges = strings.EqualFold(strings.TrimSpace(h.Get("Accept-Ranges")), "bytes")
	modified, err := http.ParseTime(h.Get("Last-Modified"))
	if err != nil {
		return v
	}
	v.modified = h.Get("Last-Modified")
	// Section 8.8.2.2: a time is strong when the file wasn't changed in the
	// second in which the answer was made.
	date, err := http.ParseTime(h.Get("Date"))
	v.firm = err == nil && date.Sub(modified) >= time.Second
	return v
}

// validETag is tag if it is one (section 8.8.3), else empty.
func validETag(tag string) string {
	opaque := strings.TrimPrefix(tag, "W/")
	if len(opaque) < 2 || opaque[0] != '"' || opaque[len(opaque)-1] != '"' {
		return ""
	}
	for _, b := range []byte(opaque[1 : len(opaque)-1]) {
		if b == '"' || b <= ' ' || b == 0x7f {
			return ""
		}
	}
	return tag
}

func weak(tag string) bool { return strings.HasPrefix(tag, "W/") }

// modTime is the zero time where the upstream didn't say.
func (v version) modTime() time.Time {
	t, err := http.ParseTime(v.modified)
	if err != nil {
		return time.Time{}
	}
	return t
}

// condition asks for the file only if it isn't this version (section 13.1).
func (v version) condition(h http.Header) {
	if v.etag != "" {
		h.Set("If-None-Match", v.etag)
	}
	if v.modified != "" {
		h.Set("If-Modified-Since", v.modified)
	}
}

// strong is the validator for If-Range (section 13.1.5); empty: there is none,
// and parts of two answers can't be put together.
func (v version) strong() string {
	if v.etag != "" && !weak(v.etag) {
		return v.etag
	}
	if v.etag == "" && v.firm {
		return v.modified
	}
	return ""
}

// marked says whether there is anything to tell versions apart by.
func (v version) marked() bool { return v.etag != "" || v.modified != "" }

// same says whether a later whole answer is this version still: a server that
// doesn't know conditions sends the file again.
func (v version) same(later version) bool {
	if !v.marked() {
		return false
	}
	return v.etag == later.etag && v.modified == later.modified && v.size == later.size && v.whole == later.whole
}

// rest judges an answer to a request for the bytes from off on, made with
// If-Range. skip is how many bytes of its body come before off.
func (v version) rest(resp *http.Response, off int64) (skip int64, err error) {
	switch resp.StatusCode {
	case http.StatusOK:
		now := versionOf(resp.Header, resp.ContentLength)
		if v.isPart() {
			return 0, ErrNoParts
		}
		if v.strong() == "" && off == 0 && v.etag == now.etag && v.modified == now.modified && v.size == now.size {
			return 0, nil // nothing to tell versions apart by, and nothing to mix yet
		}
		if v.strong() == "" || !v.same(now) {
			return 0, ErrChanged
		}
		return off, nil // a server without ranges
	case http.StatusPartialContent:
		start, _, total, err := httpblock.ParseContentRange(resp.Header.Get("Content-Range"))
		if err != nil {
			return 0, err
		}
		tag := validETag(resp.Header.Get("ETag"))
		if start != v.base+off || total >= 0 && v.whole >= 0 && total != v.whole || tag != "" && tag != v.etag {
			return 0, ErrChanged
		}
		return 0, nil
	case http.StatusRequestedRangeNotSatisfiable, http.StatusPreconditionFailed:
		return 0, ErrChanged
	}
	return 0, refusal(resp.Request.URL.String(), resp.StatusCode)
}
