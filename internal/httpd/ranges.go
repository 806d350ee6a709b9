package httpd

import (
	"net/http"
	"strconv"
	"strings"
)

// tidyRange makes of a request one whose Range header http.ServeContent reads as
// RFC 9110 section 14 has it. There a unit that isn't known is ignored (14.2),
// names of units are case-insensitive (14.1), and no bytes at the end of a file
// can't be had (14.1.2: a suffix length that is not 0). An empty file has no
// part: it is sent whole.
func tidyRange(r *http.Request, size int64) *http.Request {
	asked := r.Header.Get("Range")
	tidy := readableRange(asked, size)
	if tidy == asked {
		return r
	}
	r = r.Clone(r.Context())
	r.Header.Del("Range")
	if tidy != "" {
		r.Header.Set("Range", tidy)
	}
	return r
}

// readableRange is empty where the whole is to be sent.
func readableRange(asked string, size int64) string {
	unit, set, ok := strings.Cut(asked, "=")
	if size == 0 || !ok || !strings.EqualFold(unit, "bytes") {
		return ""
	}
	specs := strings.Split(set, ",")
	for i, spec := range specs {
		if last, ok := strings.CutPrefix(strings.TrimSpace(spec), "-"); ok && last != "" && strings.Trim(last, "0") == "" {
			specs[i] = strconv.FormatInt(size, 10) + "-" // nor can what follows the end
		}
	}
	return "bytes=" + strings.Join(specs, ",")
}
