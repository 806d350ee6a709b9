package timeline

import (
	"testing"
	"time"
)

// BenchmarkObserve is one event of a whole boot, among a thousand machines.
func BenchmarkObserve(b *testing.B) {
	tl := New(Config{})
	boot := proxied()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e := boot[i%len(boot)]
		e.MAC[4], e.MAC[5] = byte(i/len(boot)>>8)%4, byte(i/len(boot))
		e.Time = e.Time.Add(time.Duration(i/len(boot)) * time.Minute)
		tl.Observe(e)
	}
}
