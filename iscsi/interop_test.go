package iscsi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
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
	lun  func() *LUN
	// families to run; nil: all.
	families []string
	// allowed are failures, with the reason why they are right.
	allowed map[string]string
}

var variants = []variant{
	{name: "512", lun: func() *LUN { return &LUN{Device: newMemory(16 << 20), Removable: true} }},
	{
		name: "4096", lun: func() *LUN { return &LUN{Device: newMemory(32 << 20), BlockSize: 4096} },
		families: []string{"Read10", "Read16", "Write10", "Write16", "WriteSame16", "Unmap", "Verify16", "CompareAndWrite", "ReadCapacity16", "Inquiry", "GetLBAStatus", "iSCSIResiduals"},
	},
	{
		name: "read-only", lun: func() *LUN { return &LUN{Device: newMemory(16 << 20), ReadOnly: true} },
		families: []string{"ReadOnly", "Read10", "Inquiry", "ReadCapacity16", "ModeSense6"},
	},
	{
		name: "large physical blocks", lun: func() *LUN {
			m := newMemory(16 << 20)
			m.caps.BlockSize = 4096
			return &LUN{Device: m}
		},
		families: []string{"CompareAndWrite", "WriteSame10", "WriteSame16", "Unmap", "GetLBAStatus", "ReadCapacity16", "Inquiry"},
		allowed: map[string]string{
			"GetLBAStatus.UnmapSingle": "the test asks for block i+1 and wants block i+8 to be the first of the answer; SBC-3 section 5.4 wants the one that was asked for",
		},
	},
}

// skips are why libiscsi's tests skip themselves, each with the reason why
// that is right. A skip for another reason fails the test.
var skips = map[string]string{
	"--allow-sanitize flag is not set": "SANITIZE is optional (SBC-3 section 5.18) and not offered",
	"EXTENDEDCOPY is not implemented":  "optional (SPC-4 table 145); there is no copy manager",
	"RECEIVECOPYRESULT":                "belongs to EXTENDED COPY",
	"RECEIVE_COPY_RESULTS":             "belongs to EXTENDED COPY",
	"READDEFECTDATA1":                  "optional (SBC-3 table 12); a virtual disk has no defect list",
	"WRITEATOMIC16 is not implemented": "SBC-4, not SBC-3",
	"Logical unit is not write-prot":   "runs in the read-only variant",
	"Logical unit is write-protected":  "runs in the other variants",
	"LBPPB < 2":                        "runs with large physical blocks",
	"WRITESAME10 does not support 0":   "WSNZ 1: SBC-3 section 5.42 lets the unit refuse",
	"WRITESAME16 does not support 0":   "WSNZ 1: SBC-3 section 5.43 lets the unit refuse",
	"Media is not removable":           "runs in the removable variant",
	"Not all VERSION DESCRIPTORS":      "optional",
	"LogicalUnit is fully provisioned": "a read-only unit has nothing to unmap",
	"Logical unit is fully provision":  "a read-only unit has nothing to unmap",
}

// TestConformance runs libiscsi's suite, each family on a target of its own.
func TestConformance(t *testing.T) {
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			conformance(t, v)
		})
	}
}

func conformance(t *testing.T, v variant) {
	families := v.families
	if families == nil {
		families = allFamilies(t)
	}
	var targets []*Target
	for i := range families {
		targets = append(targets, &Target{Name: fmt.Sprintf("%s%d", testTarget, i), LUNs: map[uint64]*LUN{0: v.lun()}})
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
}

// judge sums up.
func judge(t *testing.T, v variant, results []suite) {
	ran, passed := 0, 0
	for _, r := range results {
		ran, passed = ran+r.ran, passed+r.passed
		if r.err != nil {
			t.Errorf("%s: %v", r.family, r.err)
		}
		for name, why := range r.failures {
			if v.allowed[name] == "" {
				t.Errorf("%s: %s", name, why)
			}
		}
		for _, skip := range r.skips {
			if !expected(skip) {
				t.Errorf("%s skips a test: %s", r.family, skip)
			}
		}
	}
	t.Logf("%d tests ran, %d passed, %d failures are explained", ran, passed, ran-passed)
	if v.families == nil && (ran < 230 || passed < ran) {
		t.Errorf("%d of %d passed; 230 were before", passed, ran)
	}
}

func expected(skip string) bool {
	for prefix := range skips {
		if strings.HasPrefix(skip, prefix) {
			return true
		}
	}
	return false
}

// suite is what became of a family of tests.
type suite struct {
	family      string
	ran, passed int
	failures    map[string]string
	skips       []string
	err         error
}

var (
	totals  = regexp.MustCompile(`(?m)^\s*tests\s+\d+\s+(\d+)\s+(\d+)\s+(\d+)`)
	skipped = regexp.MustCompile(`\[SKIPPED\] *(.*)`)
)

// readSuite reads what iscsi-test-cu says. Its exit status says nothing.
func readSuite(family, out string, err error) suite {
	s := suite{family: family, failures: map[string]string{}}
	sum := totals.FindStringSubmatch(out)
	if sum == nil {
		s.err = fmt.Errorf("no totals (%w) in:\n%s", errors.Join(err), out[max(0, len(out)-2000):])
		return s
	}
	s.ran, _ = strconv.Atoi(sum[1])
	s.passed, _ = strconv.Atoi(sum[2])
	for _, m := range skipped.FindAllStringSubmatch(out, -1) {
		s.skips = append(s.skips, m[1])
	}
	for _, part := range strings.Split(out, "  Test: ")[1:] {
		name, _, _ := strings.Cut(part, " ...")
		if strings.Contains(part, "FAILED\n    1. ") {
			part, _, _ = strings.Cut(part, "\nRun Summary")
			s.failures[family+"."+name] = part
		}
	}
	if failed := s.ran - s.passed; failed != len(s.failures) {
		s.err = fmt.Errorf("%d failures, %d of them found in:\n%s", failed, len(s.failures), out)
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
