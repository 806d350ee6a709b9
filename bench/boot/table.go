package main

import (
	"fmt"
	"io"

	"github.com/spurboot/spur/bench/testbed"
)

// equalMost is how much longer a boot may take and count as no slower.
const equalMost = 1.02

// halfBound is what HTTP Boot may take at most of the time that iPXE takes.
const halfBound = 0.5

// table prints the seconds by each way, and how they compare.
func table(w io.Writer, rounds int, runs []measured) {
	fmt.Fprintf(w, "UEFI machines for x64, emulated; seconds from the first DHCP packet to the kernel's first line; %d rounds.\n\n", rounds)
	fmt.Fprintln(w, "| way | Spur, s | dnsmasq + nginx, s | Spur's time / theirs | quartiles |")
	fmt.Fprintln(w, "|:--|--:|--:|--:|--:|")
	boots := map[[2]string]testbed.Series{}
	for _, r := range runs {
		boots[[2]string{r.way, r.server}] = r.boots
	}
	slower := ""
	for _, way := range []string{httpWay, ipxeWay, tftpWay} {
		ours, theirs := boots[[2]string{way, spurServes}], boots[[2]string{way, peersServe}]
		if ours.Count() == 0 || theirs.Count() == 0 {
			continue
		}
		ratio := theirs.Over(ours)
		fmt.Fprintf(w, "| %s | %.1f | %.1f | %.2f | %s |\n", way, 1/ours.Rate(), 1/theirs.Rate(), ratio.Median, ratio.Quartiles())
		if ratio.Low > equalMost {
			slower += " " + way + "."
		}
	}
	if slower == "" {
		slower = " none."
	}
	fmt.Fprintf(w, "\nSlower than the peers by more than a fiftieth, in three rounds of four:%s", slower)
	if half := boots[[2]string{ipxeWay, spurServes}].Over(boots[[2]string{httpWay, spurServes}]); half.Median > 0 {
		fmt.Fprintf(w, " HTTP Boot takes %.2f (quartiles %s) of the time that iPXE takes; at most %.1f wanted.", half.Median, half.Quartiles(), halfBound)
	}
	fmt.Fprintln(w)
}
