package iscsi

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/block/raw"
)

const testTarget = "iqn.2026-11.example.spur:disk"

// serve serves targets on loopback until the test ends.
func serve(t testing.TB, srv *Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if srv.Bounds.Grace == 0 {
		srv.Bounds.Grace = 50 * time.Millisecond
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if left := srv.memory.Left(); left != srv.bounds.TotalMemory {
			t.Errorf("%d bytes are still held at the end", srv.bounds.TotalMemory-left)
		}
	})
	return l.Addr().String()
}

// tool runs a program of a Debian package.
func tool(t testing.TB, pkg string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(args[0]); err != nil {
		t.Fatalf("%s is missing: apt-get install %s", args[0], pkg)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
	if ctx.Err() != nil {
		err = errors.Join(err, ctx.Err())
	}
	return string(out), err
}

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

func conformance(t *testing.T, v variant) []suite {
	families := v.families
	if families == nil {
		families = allFamilies(t)
	}
	var targets []*Target
	for i := range families {
		targets = append(targets, &Target{Name: fmt.Sprintf("%s%d", testTarget, i), LUNs: map[uint64]*LUN{0: v.lun(t)}})
	}
	addr := serve(t, &Server{Targets: Static(targets...)})
	results := make([]suite, len(families))
	var wg sync.WaitGroup
	places := make(chan struct{}, 8) // the tool sleeps much
	for i, family := range families {
		wg.Add(1)
		places <- struct{}{}
		go func() {
			defer wg.Done()
			defer func() { <-places }()
			url := fmt.Sprintf("iscsi://%s/%s/0", addr, targets[i].Name)
			out, err := tool(t, "libiscsi-bin", "iscsi-test-cu", "--dataloss", "--test=ALL."+family, url, url)
			results[i] = readSuite(family, out, err)
		}()
	}
	wg.Wait()
	judge(t, v, results)
	return results
}

// judge has every failure and every skip be one that is explained, and no other
// be explained. Of a variant that runs all, at least as many must not fail as
// of tgtd, of which libiscsi counts 222 of 230 with those that are skipped.
func judge(t *testing.T, v variant, results []suite) {
	failed := 0
	for _, r := range results {
		if r.err != nil {
			t.Errorf("%s: %v", r.family, r.err)
		}
		failed += r.failed
		for name, outcome := range r.outcomes {
			why := never[name] + v.elsewhere[name]
			switch {
			case outcome != "" && why == "":
				t.Errorf("%s: %s", name, outcome)
			case outcome == "" && why != "":
				t.Errorf("%s passes, which is not said: %s", name, why)
			}
		}
	}
	if v.families == nil && failed > 8 {
		t.Errorf("%d tests fail", failed)
	}
}

// suite is what became of a family of tests.
type suite struct {
	family   string
	outcomes map[string]string // of each test; "" is a pass
	failed   int
	err      error
}

var (
	totals  = regexp.MustCompile(`(?m)^\s*tests\s+\d+\s+(\d+)\s+(\d+)\s+(\d+)`)
	skipped = regexp.MustCompile(`\[SKIPPED\].*`)
)

// readSuite reads what iscsi-test-cu says, to which a skip is a pass. Its exit
// status says nothing.
func readSuite(family, out string, err error) suite {
	s := suite{family: family, outcomes: map[string]string{}}
	sum := totals.FindStringSubmatch(out)
	if sum == nil {
		s.err = fmt.Errorf("no totals (%w) in:\n%s", errors.Join(err), out[max(0, len(out)-2000):])
		return s
	}
	for _, part := range strings.Split(out, "  Test: ")[1:] {
		name, _, _ := strings.Cut(part, " ...")
		part, _, _ = strings.Cut(part, "\nRun Summary")
		outcome := skipped.FindString(part)
		if strings.Contains(part, "FAILED\n    1. ") {
			outcome = part
			s.failed++
		}
		s.outcomes[family+"."+name] = outcome
	}
	ran, _ := strconv.Atoi(sum[1])
	passed, _ := strconv.Atoi(sum[2])
	if len(s.outcomes) != ran || s.failed != ran-passed {
		s.err = fmt.Errorf("%d tests with %d failures were found, not %d and %d, in:\n%s", len(s.outcomes), s.failed, ran, ran-passed, out)
	}
	return s
}

// allFamilies asks the tool what it has.
func allFamilies(t *testing.T) []string {
	out, err := tool(t, "libiscsi-bin", "iscsi-test-cu", "--list")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^ALL\.([^.\n]+)$`).FindAllStringSubmatch(out, -1) {
		all = append(all, m[1])
	}
	return all
}
