package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// Bounds of what is read.
const (
	maxFile    = 2 << 20
	maxLine    = 64 << 10
	maxEntries = 2000
	maxSeconds = 1 << 30 // so that times add up
)

// Errors of a file that is no record, or none that can be read.
var (
	ErrFormat = errors.New("this is no record of a boot")
	ErrNewer  = errors.New("this record was written by a newer Spur")
)

// Is tells whether a file begins as a record does.
func Is(beginning []byte) bool { return bytes.HasPrefix(beginning, []byte(`{"spur-record":`)) }

// Encode writes a record.
func Encode(r Record) ([]byte, error) {
	r.Head.Format = Format
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r.Head); err != nil {
		return nil, err
	}
	for _, entry := range r.Entries {
		if err := e.Encode(entry); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// Decode reads a record.
func Decode(from io.Reader) (Record, error) {
	lines := bufio.NewScanner(io.LimitReader(from, maxFile))
	lines.Buffer(nil, maxLine)
	var r Record
	if !lines.Scan() || !Is(lines.Bytes()) {
		return r, ErrFormat
	}
	if err := json.Unmarshal(lines.Bytes(), &r.Head); err != nil {
		return r, fmt.Errorf("%w: its first line: %w", ErrFormat, err)
	}
	if r.Head.Format > Format {
		return r, fmt.Errorf("%w: its format is %d, this one reads %d", ErrNewer, r.Head.Format, Format)
	}
	for n := 2; lines.Scan(); n++ {
		var e Entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return r, fmt.Errorf("%w: line %d: %w", ErrFormat, n, err)
		}
		if math.IsNaN(e.After) || math.Abs(e.After) > maxSeconds {
			return r, fmt.Errorf("%w: line %d: %g s is no time", ErrFormat, n, e.After)
		}
		if len(r.Entries) == maxEntries {
			return r, fmt.Errorf("%w: it has more than %d entries", ErrFormat, maxEntries)
		}
		r.Entries = append(r.Entries, e)
	}
	if err := lines.Err(); err != nil {
		return r, fmt.Errorf("%w: line %d: %w", ErrFormat, len(r.Entries)+2, err)
	}
	return r, nil
}
