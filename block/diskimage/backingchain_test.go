package diskimage

import (
	"slices"
	"testing"
)

func TestCandidates(t *testing.T) {
	for _, c := range []struct{ names, want []string }{
		{[]string{`.\sub\p.vhdx`, `C:\images\p.vhdx`}, []string{"sub/p.vhdx", "/images/p.vhdx", "p.vhdx"}},
		{[]string{"p.vmdk"}, []string{"p.vmdk"}},
		{[]string{"/a/p.vmdk"}, []string{"/a/p.vmdk", "p.vmdk"}},
		{[]string{"", `\\host\share\p.vhd`}, []string{"/host/share/p.vhd", "p.vhd"}},
		{[]string{""}, nil},
	} {
		if got := candidates(c.names); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, not %q", c.names, got, c.want)
		}
	}
}
