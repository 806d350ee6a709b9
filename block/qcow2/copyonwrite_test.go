package qcow2

import (
	"testing"

	"github.com/spurboot/spur/block"
)

// TestWiden has each row of widen's table: a write of bytes 1000 to 5000 of a
// cluster whose subclusters are of 2 KiB.
func TestWiden(t *testing.T) {
	const base, cluster = 64 << 10, 64 << 10
	geo := geometry{version: 3, clusterBits: 16, cluster: cluster, extended: true, subs: 32, subBits: 11}
	whole, subclusters, exact := [2]int64{0, cluster}, [2]int64{0, 6144}, [2]int64{1000, 5000}
	for _, c := range []struct {
		what    string
		e       entry
		virgin  bool
		backing int64 // bytes of the disk that the backing image has
		want    [2]int64
	}{
		{"compressed", entry{packed: 1}, true, 0, whole},
		{"data elsewhere in the cluster", entry{alloc: 1 << 10}, true, 0, whole},
		{"data in a subcluster behind", entry{alloc: 1 << 3}, true, 0, whole},
		{"data in the first subcluster", entry{alloc: 1 << 0}, true, 0, subclusters},
		{"data in the last subcluster", entry{alloc: 1 << 2}, true, 0, subclusters},
		{"a cluster that was used before", entry{}, false, 0, subclusters},
		{"a cluster that was used before, over zeros", entry{zero: 0b111}, false, 0, subclusters},
		{"nothing", entry{}, true, 0, exact},
		{"a backing image", entry{}, true, base + cluster, subclusters},
		{"a backing image that ends within the write", entry{}, true, base + 3000, [2]int64{0, 5000}},
		{"a backing image that ends before", entry{}, true, base, exact},
		{"zeros over a backing image", entry{zero: 0b111}, true, base + cluster, exact},
		{"zeros at the beginning", entry{zero: 0b001}, true, base + cluster, [2]int64{1000, 6144}},
		{"zeros at the end", entry{zero: 0b100}, true, base + cluster, [2]int64{0, 5000}},
	} {
		img := &Image{geo: geo}
		if c.backing > 0 {
			img.backing = block.NewMemory(c.backing)
		}
		lo, hi := img.widen(&c.e, base+1000, base+5000, base, c.virgin)
		if got := [2]int64{lo - base, hi - base}; got != c.want {
			t.Errorf("%s: %d, not %d", c.what, got, c.want)
		}
	}
}
