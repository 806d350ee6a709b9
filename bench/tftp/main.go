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
	"os/signal"
	"regexp"
	"syscall"
)

// options of a run.
type options struct {
	quick  bool
	rounds int
	size   int // MiB for one client, of the largest blocks
	many   int // number of clients of a many-client point
	share  int // MiB for each of many clients, of the smallest blocks
	only   *regexp.Regexp
}

func main() {
	if len(os.Args) > 1 { // the roles that the benchmark starts of itself
		switch os.Args[1] {
		case "serve":
			exit(serve(os.Args[2:]))
		case "load":
			exit(load(os.Args[2:]))
		}
	}
	exit(bench())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/tftp:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func bench() error {
	var o options
	only := flag.String("only", "", "run the points whose name matches this expression")
	flag.BoolVar(&o.quick, "quick", false, "fewer points and rounds, smaller files")
	flag.IntVar(&o.rounds, "rounds", 9, "rounds per point; servers far behind take part in few")
	flag.IntVar(&o.size, "size", 64, "size of the file for one client, in MiB, where blocks are the largest")
	flag.IntVar(&o.many, "clients", 50, "number of clients of the many-client points")
	flag.IntVar(&o.share, "share", 2, "size of the file for each of many clients, in MiB, where blocks are the smallest")
	flag.Parse()
	if o.quick {
		o.rounds, o.size = min(o.rounds, 3), min(o.size, 16)
	}
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	return run(ctx, o)
}

func run(ctx context.Context, o options) error {
	lab, err := newLab(o)
	if err != nil {
		return err
	}
	defer lab.close()
	running, cancel := context.WithCancel(ctx)
	all, err := startServers(running, lab)
	defer all.stop(cancel)
	if err != nil {
		return err
	}
	var rows []row
	for _, p := range points(o) {
		if !o.only.MatchString(p.String()) {
			continue
		}
		servers := all.asked(p)
		r, err := measure(ctx, lab, servers, p, o.rounds)
		if err != nil {
			return err
		}
		rows = append(rows, r)
		fmt.Fprintln(os.Stderr, r.line(names(servers)))
	}
	printTables(os.Stdout, o, names(all.servers), rows)
	return nil
}
