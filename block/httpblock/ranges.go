package httpblock

import (
	"net/http"
	"strconv"
	"strings"
)

// mostRanges bounds the ranges of one request, because each costs a part with
// headers. More are answered by the whole, as if none was asked for, which RFC 9110
// section 14.2 allows.
const mostRanges = 16

// TidyRange makes of a request for something of a size one whose Range header
// http.ServeContent reads as RFC 9110 section 14 has it. There a unit that isn't
// known is ignored (14.2), names of units are case-insensitive (14.1), and no bytes
// at the end can't be had (14.1.2: a suffix length that is not 0). What is empty has
// no part: it is sent whole. More than 16 ranges are ignored.
func TidyRange(r *http.Request, size int64) *http.Request {
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
	specs := strings.SplitN(set, ",", mostRanges+1)
	if size == 0 || !ok || !strings.EqualFold(unit, "bytes") || len(specs) > mostRanges {
		return ""
	}
	for i, spec := range specs {
		if last, ok := strings.CutPrefix(strings.TrimSpace(spec), "-"); ok && last != "" && strings.Trim(last, "0") == "" {
			specs[i] = strconv.FormatInt(size, 10) + "-" // nor can what follows the end
		}
	}
	return "bytes=" + strings.Join(specs, ",")
}
