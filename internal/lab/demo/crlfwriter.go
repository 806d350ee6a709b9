package demo

import (
	"bytes"
	"io"
)

// crlf writes lines for a terminal in raw mode, which takes "\n" for a line
// feed and nothing else, and begins them at the left, wherever the machine's
// own output has left the cursor.
type crlf struct{ w io.Writer }

func (c crlf) Write(p []byte) (int, error) {
	if _, err := c.w.Write(append([]byte{'\r'}, bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n"))...)); err != nil {
		return 0, err
	}
	return len(p), nil
}
