// Command tftp runs Spur's TFTP server and its peers (tftpd-hpa, atftpd,
// dnsmasq) by turns in one network namespace, and clients in another that is
// joined to it by a veth pair, and prints the ratios as a table.
//
//	go run ./bench/tftp [-quick] [-rounds N] [-size MiB] [-only REGEXP]
//
// It needs root and the packages of `scripts/install bench`. A single client
// is atftp; fifty clients are one thread on a packet ring that does as little as
// possible per packet, so that the server is what is measured. The servers take
// turns within each round, and a ratio is the median of those of the rounds; only
// the ratios mean anything, because whatever else the machine does slows both
// sides.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/spurboot/spur/bench/testbed"
)

// options of a run.
type options struct {
	testbed.Run
	size  int // MiB for one client, of the largest blocks
	many  int // number of clients of a many-client point
	share int // MiB for each of many clients, of the smallest blocks
}

func main() {
	var o options
	flag.IntVar(&o.size, "size", 64, "size of the file for one client, in MiB, where blocks are the largest")
	flag.IntVar(&o.many, "clients", 50, "number of clients of the many-client points")
	flag.IntVar(&o.share, "share", 2, "size of the file for each of many clients, in MiB, where blocks are the smallest")
	testbed.Main("tftp", 9, func(ctx context.Context, r testbed.Run) error {
		if o.Run = r; r.Quick {
			o.size = min(o.size, 16)
		}
		return run(ctx, o)
	}, map[string]testbed.Role{"serve": serve, "load": load})
}

func run(ctx context.Context, o options) error {
	lab, err := newLab(o)
	if err != nil {
		return err
	}
	defer lab.Close()
	running, cancel := context.WithCancel(ctx)
	all, err := startServers(running, lab)
	defer all.stop(cancel)
	if err != nil {
		return err
	}
	var rows []row
	for _, p := range points(o) {
		if !o.Only.MatchString(p.String()) {
			continue
		}
		servers := all.asked(p)
		r, err := measure(ctx, lab, servers, p, o.Rounds)
		if err != nil {
			return err
		}
		rows = append(rows, r)
		fmt.Fprintln(os.Stderr, r.line(names(servers)))
	}
	printTables(os.Stdout, o, names(all.servers), rows)
	return nil
}
