package qcow2

import (
	"fmt"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
)

// memory makes an image on a file in memory and opens it.
func memory(t testing.TB, c CreateOptions, o Options) (*blocktest.Recorder, *Image) {
	t.Helper()
	f := blocktest.NewRecorder(nil)
	must(t, Create(f, c))
	img, err := Open(t.Context(), f, o)
	must(t, err)
	return f, img
}

func TestContract(t *testing.T) {
	base := block.NewMemory(300<<10 + 512)
	pattern := make([]byte, base.Size())
	for i := range pattern {
		pattern[i] = byte(i>>9) | 1
	}
	must(t, base.Write(t.Context(), pattern, 0, 0))
	overlay := func(o CreateOptions) CreateOptions {
		o.BackingName, o.BackingFormat = "base", FormatRaw
		return o
	}
	for _, c := range []CreateOptions{
		{Version: 2}, {ClusterSize: 512, RefcountBits: 64}, {LazyRefcounts: true},
		overlay(CreateOptions{ClusterSize: 16 << 10}), overlay(CreateOptions{Version: 2}),
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			t.Parallel()
			c.Size = 400 << 10
			options := Options{CacheSize: 1}
			if c.BackingName != "" {
				options.Backing = base
			}
			blocktest.Run(t, func(t *testing.T) block.Device {
				_, img := memory(t, c, options)
				return img
			})
			var f *blocktest.Recorder
			blocktest.Persistent(t, func(t *testing.T) block.Device {
				var img *Image
				f, img = memory(t, c, options)
				return img
			}, func(t *testing.T) block.Device {
				img, err := Open(t.Context(), f, options)
				must(t, err)
				report, err := img.Check(t.Context(), false)
				must(t, err)
				if report.Leaks+report.Errors != 0 {
					t.Errorf("after a close: %+v", report)
				}
				return img
			})
		})
	}
}
