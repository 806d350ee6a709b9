package host

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/route"
)

// What is in Spur itself has no path that a program could open: it is told to be embedded,
// to people in words.
func TestEmbedded(t *testing.T) {
	for _, c := range []struct {
		binary      route.Binary
		json, place string
	}{
		{route.Binary{Build: route.Build{File: "ramdisk.efi"}}, `{"embedded":"ramdisk.efi",`, "ramdisk.efi in this program"},
		{route.Binary{Build: route.Build{File: "snponly.efi"}, Path: "/usr/lib/ipxe/snponly.efi"}, `{"path":"/usr/lib/ipxe/snponly.efi",`, "/usr/lib/ipxe/snponly.efi"},
	} {
		d := describeBinary(c.binary)
		text, err := json.Marshal(d)
		if err != nil || !strings.HasPrefix(string(text), c.json) {
			t.Errorf("%s, %v; want %s…", text, err, c.json)
		}
		if d.Place() != c.place {
			t.Errorf("%s; want %s", d.Place(), c.place)
		}
	}
}
