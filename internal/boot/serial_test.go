package boot

import (
	"strings"
	"testing"
)

func TestParseSerial(t *testing.T) {
	const serialWithBlanks = " CZ1 234 "
	for text, want := range map[string]string{
		"5b154510": "5b154510", serialWithBlanks: "CZ1 234", "": "", "a\x00b": "", "é": "", strings.Repeat("x", SerialMost): strings.Repeat("x", SerialMost), strings.Repeat("x", SerialMost+1): "",
	} {
		if got := ParseSerial(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
