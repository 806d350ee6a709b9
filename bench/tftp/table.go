package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/spurboot/spur/bench/testbed"
)

// printTables writes one table for a single client and one for many, each
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
		fmt.Fprintf(w, "One client (atftp) gets %d, %d or %d MiB, by its blksize; %d rounds, MTU %d.\n\n",
			o.size/4, o.size/2, o.size, o.Rounds, testbed.UsualMTU)
		printSingle(w, names, single)
	}
	if len(many) > 0 {
		fmt.Fprintf(w, "\n%d clients at once, played by one thread on a packet ring; %d rounds on %d cores, which clients and servers share.\n\n",
			o.many, o.Rounds, runtime.NumCPU())
		printMany(w, names, many)
	}
	fmt.Fprintf(w, testbed.HowToRead+notes, enough, slow)
	if len(many) > 0 {
		fmt.Fprintf(w, manyNotes, testbed.JumboMTU, testbed.UsualMTU)
	}
}

func printSingle(w io.Writer, names []string, rows []row) {
	fmt.Fprint(w, "| blksize | windowsize | spur / best peer | quartiles |")
	heads(w, names[1:])
	fmt.Fprintf(w, "\n|--:|--:|--:|--:|%s\n", strings.Repeat("--:|", len(names)-1))
	for _, r := range rows {
		fmt.Fprintf(w, "| %d | %d | **%.2f** | %s |", r.point.block, r.point.window, r.ratio().Median, r.ratio().Quartiles())
		ratios(w, r)
		fmt.Fprintln(w)
	}
	for _, r := range rows {
		for i, count := range r.failures {
			if count > 0 {
				fmt.Fprintf(w, "\nblksize %d, windowsize %d: the client gave up %d transfers from %s, which don't count.\n",
					r.point.block, r.point.window, count, names[i])
			}
		}
	}
}

func printMany(w io.Writer, names []string, rows []row) {
	fmt.Fprint(w, "| blksize | windowsize | MTU | spur / best peer | quartiles |")
	heads(w, names[1:])
	fmt.Fprintf(w, " cores: clients | cores: spur |\n|--:|--:|--:|--:|--:|%s--:|--:|\n", strings.Repeat("--:|", len(names)-1))
	for _, r := range rows {
		fmt.Fprintf(w, "| %d | %d | %d | **%.2f** | %s |", r.point.block, r.point.window, r.point.mtu(), r.ratio().Median, r.ratio().Quartiles())
		ratios(w, r)
		spur := r.servers[0]
		fmt.Fprintf(w, " %.2f | %.2f |\n", spur.Client(), spur.Server())
	}
}

func heads(w io.Writer, peers []string) {
	for _, name := range peers {
		fmt.Fprintf(w, " / %s |", name)
	}
}

func ratios(w io.Writer, r row) {
	for _, peer := range r.servers[1:] {
		fmt.Fprintf(w, " %.2f |", r.servers[0].Over(peer).Median)
	}
}

const notes = `- The best peer is the one whose median rate is the highest. One that is not half
  as fast as the best after %d rounds, or takes more than %d s, is asked no more:
  the ratio to it is that of fewer rounds.
- tftpd-hpa and dnsmasq know no windowsize: they are asked for it, decline, and
  go on in lockstep, as they would with real clients.
`

const manyNotes = `- Blocks of 8192 bytes go over a wire with an MTU of %d, all servers' alike, as
  those do who use such blocks for speed; over an MTU of %d each comes in six
  fragments, and what one measures is the kernel's handling of those.
- The clients have room for every window, lose nothing, and look at their ring
  every 20 µs, as a network card would that moderates its interrupts. The frames
  are as on a wire: the servers' kernel cuts what a server hands over in one
  piece (UDP GSO), and every block number and every file's size is checked.
- Spur by itself grants no larger window than a usual client's buffer takes, 11
  blocks of 8192 bytes; here, where every client has room, that bound is lifted
  (Server.MaxWindowSize). Its peers know no such bound: a single client that
  asks them for more than its buffer takes loses packets of every window.
- "cores" is how many cores the clients, and Spur, kept busy on the average. The
  frames pass between them within one kernel, so that each side's figure holds
  the kernel's delivery to the other.
`
