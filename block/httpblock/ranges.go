package httpblock

import (
	"errors"
	"fmt"
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

// ParseContentRange reads a Content-Range header such as "bytes 0-99/1000" (RFC
// 9110 section 14.4). size is -1 where the server doesn't know it ("*").
func ParseContentRange(text string) (first, last, size int64, err error) {
	unit, rest, _ := strings.Cut(text, " ")
	span, length, _ := strings.Cut(rest, "/")
	from, to, _ := strings.Cut(span, "-")
	number := func(s string) int64 {
		n, failed := strconv.ParseUint(strings.TrimSpace(s), 10, 63) // without a sign
		err = errors.Join(err, failed)
		return int64(n)
	}
	first, last, size = number(from), number(to), -1
	if length != "*" {
		size = number(length)
	}
	if err != nil || !strings.EqualFold(unit, "bytes") || first > last || length != "*" && last >= size {
		return 0, 0, 0, fmt.Errorf("the server sends no usable Content-Range, but %.60q", text)
	}
	return first, last, size, nil
}
