package fetch

import (
	"net/http"
	"testing"

	"github.com/spurboot/spur/block/httpblock"
)

func TestVersion(t *testing.T) {
	const date, second = "Mon, 04 May 2026 03:02:01 GMT", "Mon, 04 May 2026 03:02:02 GMT"
	for _, c := range []struct {
		name   string
		header http.Header
		strong string
		tag    string
	}{
		{"strong tag", http.Header{"Etag": {`"a"`}, "Last-Modified": {date}}, `"a"`, `"a"`},
		{"weak tag", http.Header{"Etag": {`W/"a"`}, "Last-Modified": {date}, "Date": {second}}, "", `W/"a"`},
		{"old file", http.Header{"Last-Modified": {date}, "Date": {second}}, date, `"tehsfd-a"`},
		{"new file", http.Header{"Last-Modified": {date}, "Date": {date}}, "", ""},
		{"no date", http.Header{"Last-Modified": {date}}, "", ""},
		{"bad tag", http.Header{"Etag": {"a"}}, "", ""},
		{"bad quotes", http.Header{"Etag": {`"a"b"`}}, "", ""},
		{"bad time", http.Header{"Last-Modified": {"yesterday"}, "Date": {date}}, "", ""},
		{"nothing", http.Header{}, "", ""},
	} {
		v := versionOf(c.header, 10)
		if got := v.strong(); got != c.strong {
			t.Errorf("%s: strong validator %q, want %q", c.name, got, c.strong)
		}
		if got := entityTag(v, false); got != c.tag {
			t.Errorf("%s: tag %q, want %q", c.name, got, c.tag)
		}
		if v.strong() != "" && !v.same(v) {
			t.Errorf("%s: isn't the same as itself", c.name)
		}
	}
	if (version{size: 1}).same(version{size: 1}) {
		t.Error("without validators, two answers can't be known to be the same")
	}
}

// Whatever an upstream answers, what it is taken for must begin at the byte
// that was asked for, and be of the version that it was asked of.
func FuzzRest(f *testing.F) {
	f.Add(206, "bytes 5-9/10", `"a"`, "", int64(5), int64(5))
	f.Add(206, "bytes 4-9/10", `"b"`, "", int64(6), int64(5))
	f.Add(200, "", `"a"`, "Mon, 04 May 2026 03:02:01 GMT", int64(10), int64(5))
	f.Add(416, "bytes */10", "", "", int64(0), int64(10))
	f.Fuzz(func(t *testing.T, status int, contentRange, etag, modified string, length, off int64) {
		v := version{etag: `"a"`, size: 10}
		req, _ := http.NewRequest("GET", "http://localhost/", nil)
		resp := &http.Response{StatusCode: status, ContentLength: length, Request: req, Header: http.Header{
			"Content-Range": {contentRange}, "Etag": {etag}, "Last-Modified": {modified}}}
		off = max(0, off)
		skip, err := v.rest(resp, off)
		if err != nil {
			return
		}
		switch status {
		case 200:
			if skip != off || etag != `"a"` || length != 10 {
				t.Errorf("took a whole answer %q of %d bytes, skipping %d", etag, length, skip)
			}
		case 206:
			start, _, total, err := httpblock.ParseContentRange(contentRange)
			if err != nil || start != off || total != -1 && total != 10 || skip != 0 {
				t.Errorf("took %q for the bytes from %d on", contentRange, off)
			}
		default:
			t.Errorf("took an answer %d", status)
		}
	})
}
