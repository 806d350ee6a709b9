package boottest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/lab"
)

// mostPXE6 is how many machines are booted until one's firmware has stayed with PXE.
const mostPXE6 = 3

// boots6 boots a machine over IPv6, waits until it is up, and checks its routes. edk2's PXE
// over IPv6 gives up by the clock, which runs on while a busy computer lets its machine wait:
// it was seen to ask for its file three times, five seconds apart, and to hear no reply. It
// goes on to HTTP Boot by itself then, which shows nothing of PXE: another machine is booted.
func (w *world) boots6(spur *lab.Process, f lab.Firmware, args []string, up func(*lab.Machine), routes ...string) {
	w.Helper()
	for n := 1; ; n++ {
		m := w.machine6Named(fmt.Sprintf("machine-%d", n), w.wire, f, args)
		up(m)
		if n == mostPXE6 || !w.leftPXE(spur, m, routes) {
			w.took(spur, m, routes...)
			return
		}
		w.Logf("%s went on from PXE to HTTP Boot; Spur says:\n%s", m.Name(), spur.Tail(40))
		w.check(m.Quit())
	}
}

// leftPXE tells whether firmware that took the first of these routes, by PXE, asked by HTTP
// Boot after it.
func (w *world) leftPXE(spur *lab.Process, m *lab.Machine, routes []string) bool {
	w.Helper()
	got := w.offered(spur, m)
	if slices.Equal(got, routes) || len(got) < 2 || got[0] != routes[0] {
		return false
	}
	return strings.Contains(got[1], "-http") && !strings.Contains(got[0], "-http")
}
