package iscsi

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

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
