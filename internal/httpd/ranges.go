package httpd

import (
	"net/http"
	"strconv"
	"strings"
)

// tidyRange makes of a request's Range header one that http.ServeContent reads
// as RFC 9110 section 14 has it. There a unit that isn't known is ignored
// (14.2), names of units are case-insensitive (14.1), and no bytes at the end of
// a file can't be had (14.1.2: a suffix length that is not 0). An empty file has
// no part: it is sent whole.
func tidyRange(header http.Header, size int64) {
	unit, set, ok := strings.Cut(header.Get("Range"), "=")
	if size == 0 || !ok || !strings.EqualFold(unit, "bytes") {
		header.Del("Range")
		return
	}
	specs := strings.Split(set, ",")
	for i, spec := range specs {
		if last, ok := strings.CutPrefix(strings.TrimSpace(spec), "-"); ok && last != "" && strings.Trim(last, "0") == "" {
			specs[i] = strconv.FormatInt(size, 10) + "-" // nor can what follows the end
		}
	}
	header.Set("Range", "bytes="+strings.Join(specs, ","))
}
