package demo

import (
	"bytes"
	"testing"
)

func TestCRLF(t *testing.T) {
	var b bytes.Buffer
	if n, err := (crlf{&b}).Write([]byte("one\ntwo\n")); n != 8 || err != nil || b.String() != "\rone\r\ntwo\r\n" {
		t.Errorf("wrote %q, %d, %v", b.String(), n, err)
	}
}
