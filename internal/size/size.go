// Package size writes and reads sizes and counts for people.
package size

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// units are powers of 1024.
const units = "KMGTPE"

// sector is what sizes of disks are multiples of, in bytes.
const sector = 512

// Parse reads a size as people write it, such as 10G or 512MiB: in bytes,
// or with a unit that is a power of 1024.
func Parse(s string) (int64, error) {
	digits := strings.TrimRight(s, "KMGTPEiBkmgtpe")
	n, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case s == "":
		return 0, errors.New("the size is empty; give one such as 10G")
	case strings.HasPrefix(s, "-"):
		return 0, fmt.Errorf("the size %s is negative; give one such as 10G", s)
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%s is larger than any disk", s)
	case strings.ContainsAny(digits, ".,"):
		return 0, fmt.Errorf("the size %q is no whole number; take the next smaller unit, such as 1536M for 1.5G", s)
	case err != nil:
		return 0, fmt.Errorf("%q is no size; a size is a whole number with K, M, G or T behind it, such as 10G", s)
	case n == 0:
		return 0, fmt.Errorf("the size %s leaves no room for anything; give one such as 10G", s)
	}
	shift, err := unit(s, s[len(digits):])
	if err != nil {
		return 0, err
	}
	if n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%s is larger than any disk", s)
	}
	if n <<= shift; n%sector != 0 {
		return 0, fmt.Errorf("the size %s is no multiple of %d bytes, which a sector of a disk has; give one such as 1M", s, sector)
	}
	return n, nil
}

func unit(s, suffix string) (shift int, err error) {
	switch suffix = strings.ToUpper(suffix); suffix {
	case "", "B":
		return 0, nil
	}
	at := strings.IndexByte(units, suffix[0])
	if rest := suffix[1:]; at < 0 || rest != "" && rest != "IB" {
		return 0, fmt.Errorf("%q is no size; behind the number is K, M, G or T, powers of 1024, such as 10G", s)
	}
	return 10 * (at + 1), nil
}

// Format writes a size for people.
func Format(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d bytes", n)
	}
	f, at := float64(n)/1024, 0
	for f >= 1024 && at < len(units)-1 {
		f /= 1024
		at++
	}
	text := strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
	return fmt.Sprintf("%s %ciB", text, units[at])
}

// About is Format for a size that is no more than roughly right.
func About(n int64) string {
	const unit = 1 << 20
	if n < unit {
		return Format(n)
	}
	return Format((n + unit/2) &^ (unit - 1))
}

// Count writes how many there are of something.
func Count[N int | int64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
