package loader

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

// No text is a loader, whatever marks of loaders it has: the source that looks for them, for
// example, also where it begins with the other letters of the world.
func TestTextIsNoLoader(t *testing.T) {
	source, err := os.ReadFile("flat.go")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"source": string(source), "short": "PXE->EB: No PXE stack found!", "umlauts": strings.Repeat("Ä", 511) + "x" + strings.Repeat("ö", 400) + "\r\nPXELINUX 6.04 ",
	} {
		if id, err := Identify(strings.NewReader(text), int64(len(text))); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "it begins with ") {
			t.Errorf("%s is %+v, %v", name, id, err)
		}
		if MayBe([]byte(text)) {
			t.Errorf("%s may be a loader", name)
		}
	}
	if _, err := IdentifyFlat(append([]byte("PXE->EB: No PXE stack found!"), bytes.Repeat([]byte{0xfc}, 100)...)); err != nil {
		t.Errorf("what is no text all through: %v", err)
	}
}
