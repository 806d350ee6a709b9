package iscsi

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/block/raw"
)

// variant is a way in which a unit can be made.
type variant struct {
	name string
	lun  func(*testing.T) *LUN
	// families to run; nil: all.
	families []string
	// elsewhere are the tests that fail or skip themselves on this variant and
	// pass on another, and why that is right.
	elsewhere map[string]string
}

// Reasons why tests needn't pass on a variant.
const (
	onLarge   = "takes large physical blocks, a variant of its own"
	onRO      = "takes a read-only unit, a variant of its own"
	nothingTo = "a read-only unit has nothing to unmap"
	oneMore   = "the test zeroes 256 blocks and wants the next one to be zero, too, which on a disk with something on it it isn't"
	nextBlock = "the test asks for block i+1 and wants block i+8 to be the first of the answer; SBC-3 section 5.4 wants the one that was asked for"
)

var variants = []variant{
	{
		name: "512", lun: func(*testing.T) *LUN { return &LUN{Device: newMemory(16 << 20), Removable: true} },
		elsewhere: map[string]string{
			"CompareAndWrite.InvalidDataOutSize": onLarge,
			"ReadOnly.ReadOnlySBC":               onRO,
			"WriteSame10.InvalidDataOutSize":     onLarge,
			"WriteSame10.UnmapUnaligned":         onLarge,
			"WriteSame16.InvalidDataOutSize":     onLarge,
			"WriteSame16.UnmapUnaligned":         onLarge,
		},
	},
	{
		name: "overlay", lun: newOverlay,
		elsewhere: map[string]string{
			"GetLBAStatus.UnmapSingle":    nextBlock,
			"MultipathIO.CompareAndWrite": oneMore,
			"ReadOnly.ReadOnlySBC":        onRO,
		},
	},
	{
		name: "4096", lun: func(*testing.T) *LUN { return &LUN{Device: newMemory(32 << 20), BlockSize: 4096} },
		families: []string{"Read10", "Read16", "Write10", "Write16", "WriteSame16", "Unmap", "Verify16", "CompareAndWrite", "ReadCapacity16", "Inquiry", "GetLBAStatus", "iSCSIResiduals"},
		elsewhere: map[string]string{
			"CompareAndWrite.InvalidDataOutSize": onLarge,
			"WriteSame16.InvalidDataOutSize":     onLarge,
			"WriteSame16.UnmapUnaligned":         onLarge,
		},
	},
	{
		name: "read-only", lun: func(*testing.T) *LUN { return &LUN{Device: newMemory(16 << 20), ReadOnly: true} },
		families:  []string{"ReadOnly", "Read10", "Inquiry", "ReadCapacity16", "ModeSense6"},
		elsewhere: map[string]string{"Inquiry.BlockLimits": nothingTo},
	},
	{
		name: "large physical blocks", lun: func(*testing.T) *LUN {
			m := newMemory(16 << 20)
			m.caps.BlockSize = 4096
			return &LUN{Device: m}
		},
		families:  []string{"CompareAndWrite", "WriteSame10", "WriteSame16", "Unmap", "GetLBAStatus", "ReadCapacity16", "Inquiry"},
		elsewhere: map[string]string{"GetLBAStatus.UnmapSingle": nextBlock},
	},
}

// Reasons why tests pass nowhere.
const (
	noCopy     = "optional (SPC-4 table 145); there is no copy manager"
	noSanitize = "optional in SBC-3: what lies below an overlay can't be made unreadable through it, so that it isn't offered"
	noAtomic   = "SBC-4, not SBC-3: no device here promises that a power failure leaves all or nothing of a write"
	notZero    = "WSNZ 1: SBC-3 section 6.6.3 lets the unit refuse a WRITE SAME of 0 blocks"
)

// never are the tests that skip themselves on every variant, and why that is
// right.
var never = map[string]string{
	"ExtendedCopy.DescrLimits":      noCopy,
	"ExtendedCopy.DescrType":        noCopy,
	"ExtendedCopy.ParamHdr":         noCopy,
	"ExtendedCopy.Simple":           noCopy,
	"ExtendedCopy.ValidSegDescr":    noCopy,
	"ExtendedCopy.ValidTgtDescr":    noCopy,
	"ReceiveCopyResults.CopyStatus": noCopy,
	"ReceiveCopyResults.OpParams":   noCopy,

	"Sanitize.BlockErase":           noSanitize,
	"Sanitize.BlockEraseReserved":   noSanitize,
	"Sanitize.CryptoErase":          noSanitize,
	"Sanitize.CryptoEraseReserved":  noSanitize,
	"Sanitize.ExitFailureMode":      noSanitize,
	"Sanitize.InvalidServiceAction": noSanitize,
	"Sanitize.Overwrite":            noSanitize,
	"Sanitize.OverwriteReserved":    noSanitize,
	"Sanitize.Readonly":             noSanitize,
	"Sanitize.Reservations":         noSanitize,
	"Sanitize.Reset":                noSanitize,

	"WriteAtomic16.BeyondEol":    noAtomic,
	"WriteAtomic16.DpoFua":       noAtomic,
	"WriteAtomic16.Simple":       noAtomic,
	"WriteAtomic16.VPD":          noAtomic,
	"WriteAtomic16.WriteProtect": noAtomic,
	"WriteAtomic16.ZeroBlocks":   noAtomic,

	"WriteSame10.ZeroBlocks": notZero,
	"WriteSame16.ZeroBlocks": notZero,
}

// TestConformance runs libiscsi's suite, each family on a target of its own. All
// tests pass on some variant, but for those in never.
func TestConformance(t *testing.T) {
	results := make([][]suite, len(variants))
	t.Run("suite", func(t *testing.T) {
		for i, v := range variants {
			t.Run(v.name, func(t *testing.T) {
				t.Parallel()
				results[i] = conformance(t, v)
			})
		}
	})
	all, passed := map[string]bool{}, map[string]bool{}
	for _, r := range slices.Concat(results...) {
		for name, outcome := range r.outcomes {
			all[name] = true
			passed[name] = passed[name] || outcome == ""
		}
	}
	for name := range all {
		if !passed[name] && never[name] == "" {
			t.Errorf("%s passes nowhere", name)
		}
	}
	t.Logf("%d tests; %d pass, %d skip themselves for a reason", len(all), len(all)-len(never), len(never))
	if len(all) < 230 || len(never) > 27 {
		t.Errorf("%d tests, of which %d needn't pass", len(all), len(never))
	}
}

// newOverlay is a unit that is a qcow2 overlay of a base full of noise. QEMU
// finds it sound once the test has ended, with what we read of it.
func newOverlay(t *testing.T) *LUN {
	t.Helper()
	dir := t.TempDir()
	name, base, read := filepath.Join(dir, "overlay"), filepath.Join(dir, "base"), filepath.Join(dir, "read")
	noise := make([]byte, 16<<20)
	rand.NewChaCha8([32]byte{1}).Read(noise)
	for path, data := range map[string][]byte{base: noise, name: nil} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lower, err := block.OpenFile(base, block.FileOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	below, err := raw.Open(t.Context(), lower, raw.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { below.Close() })
	file, err := block.OpenFile(name, block.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	err = qcow2.Create(file, qcow2.CreateOptions{Size: below.Size(), BackingName: base, BackingFormat: qcow2.FormatRaw})
	if err != nil {
		t.Fatal(err)
	}
	d, err := qcow2.Open(t.Context(), file, qcow2.Options{Backing: below})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		err := errors.Join(d.Flush(ctx), d.Read(ctx, noise, 0))
		if err = errors.Join(err, d.Close(), os.WriteFile(read, noise, 0o600)); err != nil {
			t.Error(err)
		}
		for _, args := range [][]string{
			{"qemu-img", "check", "-f", "qcow2", name},
			{"qemu-img", "compare", "-f", "raw", "-F", "qcow2", read, name},
		} {
			if out, err := tool(t, "qemu-utils", args...); err != nil {
				t.Errorf("%v: %v: %s", args, err, out)
			}
		}
	})
	return &LUN{Device: d, Removable: true}
}
