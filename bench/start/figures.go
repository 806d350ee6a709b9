package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spurboot/spur/bench/testbed"
)

// memory is what a process keeps, in KiB: all that is resident, the part that no
// file backs, and the most that ever was resident (proc_pid_status(5), VmRSS, RssAnon
// and VmHWM).
type memory struct{ resident, anonymous, most int }

func memoryOf(pid int) (m memory, err error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	b, err := os.ReadFile(path)
	if err != nil {
		return m, fmt.Errorf("spur has ended: %w", err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "VmRSS: %d kB", &m.resident)
		_, _ = fmt.Sscanf(lines.Text(), "RssAnon: %d kB", &m.anonymous)
		_, _ = fmt.Sscanf(lines.Text(), "VmHWM: %d kB", &m.most)
	}
	if m.resident == 0 || m.anonymous == 0 {
		return m, fmt.Errorf("no VmRSS or RssAnon in %s", path)
	}
	return m, nil
}

// table prints the figures; times are sorted.
func table(w io.Writer, times []time.Duration, idle, after memory, served int64) {
	best, median := times[0], times[len(times)/2]
	fmt.Fprintln(w, "| figure | measured | bound |")
	fmt.Fprintln(w, "|:--|--:|--:|")
	fmt.Fprintf(w, "| ready, best | %s | %s |\n", ms(best), ms(readyBound))
	fmt.Fprintf(w, "| ready, median | %s | %s |\n", ms(median), ms(readyBound))
	fmt.Fprintf(w, "| resident when idle | %s | %s |\n", mb(idle.resident), mb(memoryBound))
	fmt.Fprintf(w, "| of it anonymous | %s | |\n", mb(idle.anonymous))
	fmt.Fprintf(w, "| resident after %.1f MB were served | %s | %s |\n", float64(served)/1e6, mb(after.resident), mb(memoryBound))
	fmt.Fprintf(w, "| of it anonymous | %s | |\n\n", mb(after.anonymous))
	fmt.Fprintf(w, "Ready under %s: %s. Resident under %s: %s.\n", ms(readyBound), testbed.Holds(median < readyBound),
		mb(memoryBound), testbed.Holds(max(idle.resident, after.resident) < memoryBound))
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }

// mb writes KiB as MB.
func mb(kib int) string { return fmt.Sprintf("%.1f MB", float64(kib)*1024/1e6) }
