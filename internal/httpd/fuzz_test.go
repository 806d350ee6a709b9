package httpd

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Whatever a client asks for, what it gets are bytes of the file, those that
// the header of the answer says.
func FuzzRequest(f *testing.F) {
	f.Add("GET", "/f", "bytes=0-0", `"v1"`, "", "")
	f.Add("GET", `\f`, "bytes=5-2,-3,90-", "", "W/\"v1\", *", "Mon, 04 May 2026 03:02:01 GMT")
	f.Add("HEAD", "/../f", "bytes=-18446744073709551616", "Mon, 04 May 2026 03:02:01 GMT", `"v0"`, "")
	f.Add("POST", "//f/", "bytes=0-1,0-1,2-3", "", "", "x")
	data := pattern(100)
	mtime := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	f.Fuzz(func(t *testing.T, method, path, ranges, ifRange, ifNoneMatch, ifModifiedSince string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Method, r.URL.Path = method, path
		for name, value := range map[string]string{"Range": ranges, "If-Range": ifRange,
			"If-None-Match": ifNoneMatch, "If-Modified-Since": ifModifiedSince} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		file := tagged{&file{bytes.NewReader(data), 100, mtime}, `"v1"`}
		rec := newRecorder()
		w := httptest.NewRecorder()
		(&Handler{Open: opens(file), Hooks: rec.hooks()}).ServeHTTP(w, r)
		resp := w.Result()
		body, _ := io.ReadAll(resp.Body)
		sent := int64(len(body))
		if resp.StatusCode >= http.StatusBadRequest {
			sent = 0 // the page of an error is not the file
		}
		if e := rec.next(t); e.s.Status != resp.StatusCode || e.s.Bytes != sent {
			t.Errorf("hooks: %+v, answer %d with %d bytes", e.s, resp.StatusCode, len(body))
		}
		switch {
		case method == "HEAD" && resp.StatusCode < 300:
			if len(body) > 0 {
				t.Errorf("HEAD with a body of %d bytes", len(body))
			}
		case resp.StatusCode == http.StatusOK:
			if !bytes.Equal(body, data) {
				t.Errorf("200 with %d bytes", len(body))
			}
		case resp.StatusCode == http.StatusPartialContent:
			checkParts(t, resp, body, data)
		case resp.StatusCode == http.StatusNotModified:
			if len(body) > 0 {
				t.Errorf("304 with a body of %d bytes", len(body))
			}
		case resp.StatusCode < 400 || resp.StatusCode > 416:
			t.Errorf("status %d", resp.StatusCode)
		}
	})
}

func checkParts(t *testing.T, resp *http.Response, body, data []byte) {
	mediaType, params, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if mediaType != "multipart/byteranges" {
		checkPart(t, resp.Header.Get("Content-Range"), body, data)
		return
	}
	for parts := multipart.NewReader(bytes.NewReader(body), params["boundary"]); ; {
		part, err := parts.NextPart()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		piece, _ := io.ReadAll(part)
		checkPart(t, part.Header.Get("Content-Range"), piece, data)
	}
}

func checkPart(t *testing.T, contentRange string, piece, data []byte) {
	var first, last, size int
	span := strings.NewReplacer("bytes ", "", "-", " ", "/", " ").Replace(contentRange)
	if n, err := fmt.Sscan(span, &first, &last, &size); n != 3 || err != nil || size != len(data) || last >= size || first > last {
		t.Fatalf("Content-Range %q", contentRange)
	}
	if !bytes.Equal(piece, data[first:last+1]) {
		t.Errorf("wrong bytes for %q", contentRange)
	}
}
