package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/spurboot/spur/bench/pair"
)

// printTables writes one table for a single client and one for the crowd, each
// with what one has to know to read it.
func printTables(w io.Writer, o options, names []string, rows []row) {
	var single, many []row
	for _, r := range rows {
		if r.point.clients == 1 {
			single = append(single, r)
		} else {
			many = append(many, r)
		}
	}
	if len(single) > 0 {
		fmt.Fprintf(w, "One client (atftp) gets %d MiB; best of %d rounds, MTU %d.\n\n", o.size, o.rounds, pair.UsualMTU)
		printSingle(w, names, single)
	}
	if len(many) > 0 {
		fmt.Fprintf(w, "\n%d clients at once, played by one thread on a packet ring; best of %d rounds on %d cores, which clients and servers share.\n\n",
			o.many, o.rounds, runtime.NumCPU())
		printMany(w, names, many)
		fmt.Fprintf(w, manyNotes, pair.JumboMTU, pair.UsualMTU)
	}
}

func printSingle(w io.Writer, names []string, rows []row) {
	fmt.Fprint(w, "| blksize | windowsize | spur / best peer |")
	heads(w, names[1:])
	fmt.Fprintf(w, "\n|--:|--:|--:|%s\n", strings.Repeat("--:|", len(names)-1))
	for _, r := range rows {
		fmt.Fprintf(w, "| %d | %d | **%.2f** |", r.point.block, r.point.window, r.ratio())
		ratios(w, r)
		fmt.Fprintln(w)
	}
}

func printMany(w io.Writer, names []string, rows []row) {
	fmt.Fprint(w, "| blksize | windowsize | MTU | spur / best peer |")
	heads(w, names[1:])
	fmt.Fprintf(w, " ceiling | cores: clients | cores: spur |\n|--:|--:|--:|--:|%s--:|--:|--:|\n", strings.Repeat("--:|", len(names)-1))
	for _, r := range rows {
		fmt.Fprintf(w, "| %d | %d | %d | **%.2f** |", r.point.block, r.point.window, r.point.mtu(), r.ratio())
		ratios(w, r)
		spur := r.costs[0]
		fmt.Fprintf(w, " %.2f | %.2f | %.2f |\n", r.ceiling(), spur.clients/spur.took, spur.server/spur.took)
	}
}

func heads(w io.Writer, peers []string) {
	for _, name := range peers {
		fmt.Fprintf(w, " / %s |", name)
	}
}

func ratios(w io.Writer, r row) {
	for _, rate := range r.rates[1:] {
		fmt.Fprintf(w, " %.2f |", r.rates[0]/rate)
	}
}

// ceiling is what the ratio would be of a server that costs nothing: its
// clients alone, at the least that they cost beside any server, keep a core
// busy for so long.
func (r row) ceiling() float64 {
	least := r.costs[0].clients
	for _, c := range r.costs {
		least = min(least, c.clients)
	}
	return float64(r.point.clients*r.point.size) / least / r.best()
}

const manyNotes = `
How to read this:

- Blocks of 8192 bytes go over a wire with an MTU of %d, all servers' alike, as
  those do who use such blocks for speed; over an MTU of %d each comes in six
  fragments, and what one measures is the kernel's handling of those.
- The clients have room for every window, lose nothing, and look at their ring
  every 20 µs, as a network card would that moderates its interrupts. The frames
  are as on a wire: the servers' kernel cuts what a server hands over in one
  piece (UDP GSO), and every block number and every file's size is checked.
- tftpd-hpa and dnsmasq know no windowsize: they are asked for it, decline, and
  go on in lockstep, as they would with real clients.
- "cores" is how many cores the clients, and Spur, kept busy on the average. The
  frames pass between them within one kernel, so that each side's figure holds
  the kernel's delivery to the other.
- "ceiling" is the ratio that a server of no cost at all would reach, because
  the clients need that long themselves: what a ratio must be held against. In
  lockstep (windowsize 1) there are one packet each way and at least two system
  calls per block whoever serves; four fifths of Spur's time is spent in those
  (perf), and dnsmasq's cost per block is no higher: there a lead can come from
  a second core only.
- Spur has a thread per core, all of them runnable all the time here; where it
  is said to keep about one of two cores busy, they waited for a core (schedstat)
  while the clients, and whatever else ran, had the other. atftpd has a thread
  per client, and gets the larger share of the cores by their number.
`
