package blocktest_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
)

// broken are devices of which each breaks the contract in one way.
var broken = map[string]func(block.Device) block.Device{
	"read of the wrong place": func(d block.Device) block.Device {
		return wrong{Device: d, read: func(p []byte, off int64) ([]byte, int64) { return p, off &^ 511 }}
	},
	"short read": func(d block.Device) block.Device {
		return wrong{Device: d, read: func(p []byte, off int64) ([]byte, int64) { return p[:len(p)-len(p)/4097], off }}
	},
	"lost last byte": func(d block.Device) block.Device {
		return wrong{Device: d, write: func(p []byte) []byte { return p[:max(0, len(p)-1)] }}
	},
	"zeroed too much": func(d block.Device) block.Device {
		return wrong{Device: d, zero: func(off, n int64) (int64, int64) { return off &^ 4095, n + off&4095 }}
	},
	"zeroed too little": func(d block.Device) block.Device {
		return wrong{Device: d, zero: func(off, n int64) (int64, int64) { return off, n &^ 511 }}
	},
	"extents in parts": func(d block.Device) block.Device {
		return wrong{Device: d, extent: func(e block.Extent) block.Extent { e.Length = (e.Length + 1) / 2; return e }}
	},
	"data called zero": func(d block.Device) block.Device {
		return wrong{Device: d, extent: func(e block.Extent) block.Extent { e.Zero, e.Hole = true, true; return e }}
	},
	"data called a hole": func(d block.Device) block.Device {
		return wrong{Device: d, extent: func(e block.Extent) block.Extent { e.Hole = true; return e }}
	},
	"deaf to contexts": func(d block.Device) block.Device { return wrong{Device: d, deaf: true} },
	"boastful":         func(d block.Device) block.Device { return wrong{Device: d, caps: block.Caps{BlockSize: 1000}} },
	"secretly writable": func(d block.Device) block.Device {
		return wrong{Device: d, caps: block.Caps{BlockSize: 512, ReadOnly: true}}
	},
}

// wrong is a device that does some things wrong.
type wrong struct {
	block.Device
	read   func(p []byte, off int64) ([]byte, int64)
	write  func(p []byte) []byte
	zero   func(off, n int64) (int64, int64)
	extent func(block.Extent) block.Extent
	caps   block.Caps
	deaf   bool
}

func (w wrong) context(ctx context.Context) context.Context {
	if w.deaf {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

func (w wrong) Caps() block.Caps {
	if w.caps.BlockSize != 0 {
		return w.caps
	}
	return w.Device.Caps()
}

func (w wrong) Read(ctx context.Context, p []byte, off int64) error {
	if w.read != nil && block.CheckRange(off, int64(len(p)), w.Size()) == nil {
		p, off = w.read(p, off)
	}
	return w.Device.Read(w.context(ctx), p, off)
}

func (w wrong) Write(ctx context.Context, p []byte, off int64, flags block.WriteFlags) error {
	if w.write != nil && block.CheckRange(off, int64(len(p)), w.Size()) == nil {
		p = w.write(p)
	}
	return w.Device.Write(w.context(ctx), p, off, flags)
}

func (w wrong) Zero(ctx context.Context, off, n int64, flags block.ZeroFlags) error {
	if w.zero != nil && block.CheckRange(off, n, w.Size()) == nil {
		off, n = w.zero(off, n)
	}
	return w.Device.Zero(w.context(ctx), off, n, flags)
}

func (w wrong) Extents(ctx context.Context, off, n int64, yield func(block.Extent) bool) error {
	return w.Device.Extents(w.context(ctx), off, n, func(e block.Extent) bool {
		if w.extent != nil {
			e = w.extent(e)
		}
		return yield(e)
	})
}

// TestSuiteFindsWhatIsBroken runs the suite, in a process of its own, on each
// device that is broken.
func TestSuiteFindsWhatIsBroken(t *testing.T) {
	const variable = "BLOCKTEST_BROKEN"
	if name := os.Getenv(variable); name != "" {
		blocktest.Run(t, func(t *testing.T) block.Device {
			m := block.NewMemory(300001)
			if err := m.Write(t.Context(), bytes.Repeat([]byte("spur"), 20000), 1000, 0); err != nil {
				t.Fatal(err)
			}
			return broken[name](m)
		})
		return
	}
	for name := range broken {
		t.Run(name, func(t *testing.T) {
			suite := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSuiteFindsWhatIsBroken$", "-rapid.nofailfile", "-rapid.shrinktime=10ms")
			suite.Env = append(os.Environ(), variable+"="+name)
			out, err := suite.CombinedOutput()
			if err == nil || !bytes.Contains(out, []byte("--- FAIL")) || bytes.Contains(out, []byte("panic:")) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
