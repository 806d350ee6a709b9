package testbed

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Busy is the time, in seconds, for which a core has worked for a process so
// far, and for the processes that it has forked and that have ended (proc(5)).
func Busy(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("the server has ended: %w", err)
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	ticks := 0
	for _, field := range fields[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
		ticks += n
	}
	const perSecond = 100 // USER_HZ, the same for every Linux that Go runs on
	return float64(ticks) / perSecond, nil
}
