// Command http runs Spur's file server and nginx by turns in one network
// namespace, clients in another that is joined to it by a veth pair, and prints
// the ratios as a table.
//
//	go run ./bench/http [-quick] [-spur bin/spur] [-rounds N] [-size MB] [-clients N] [-only REGEXP]
//
// It needs root and the packages of `scripts/install bench`. A single client is
// curl; many are one process that discards in the kernel what it receives, so
// that the server is what is measured. Spur serves with all hooks set, as its
// daemon does. The servers take turns within each round, and a ratio is the
// median of those of the rounds, of which there are many: one transfer takes less
// than a tenth of a second, and how long depends on which core the kernel has put
// whom. The second table is of `spur boot` itself: a kernel with a large initrd as
// one EFI application, which is put together while it is served, and the initrd
// as the file that it is. The third is of an initrd in an ISO image beside the same initrd
// as a file, both served by one `spur boot`. Only the ratios mean anything, because whatever else the machine does
// slows both sides.
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
	spur    string // path of the binary; empty to build one
	size    int    // MB of the file
	clients int    // of the second point
}

func main() {
	var o options
	flag.StringVar(&o.spur, "spur", "", "the binary to measure; without it one is built")
	flag.IntVar(&o.size, "size", 200, "size of the file in MB")
	flag.IntVar(&o.clients, "clients", 64, "number of clients of the second point")
	testbed.Main("http", 31, func(ctx context.Context, r testbed.Run) error {
		if o.Run = r; r.Quick {
			o.size = min(o.size, 50)
		}
		return run(ctx, o)
	}, map[string]testbed.Role{"serve": serve, "load": load})
}

func run(ctx context.Context, o options) error {
	l, err := newLab(o)
	if err != nil {
		return err
	}
	defer l.Close()
	servers, err := startServers(ctx, l)
	defer stopServers(servers)
	if err != nil {
		return err
	}
	fmt.Printf("One file of %d MB over veth; %d rounds.\n\n", o.size, o.Rounds)
	fmt.Println("| clients | nginx, MB/s | Spur, MB/s | Spur / nginx | quartiles |")
	fmt.Println("|--:|--:|--:|--:|--:|")
	for _, clients := range []int{1, o.clients} {
		if !o.Only.MatchString(fmt.Sprint(clients, " clients")) {
			continue
		}
		spur, nginx, err := measure(ctx, l, servers, clients, o)
		if err != nil {
			return err
		}
		ratio := spur.Over(nginx)
		fmt.Printf("| %d | %.0f | %.0f | %.2f | %s |\n", clients, nginx.Rate(), spur.Rate(), ratio.Median, ratio.Quartiles())
	}
	fmt.Println()
	if o.Only.MatchString("application") {
		if err := applications(ctx, l, o); err != nil {
			return err
		}
	}
	if o.Only.MatchString("image") {
		if err := images(ctx, l, o); err != nil {
			return err
		}
	}
	fmt.Print(testbed.HowToRead)
	return nil
}

// measure is what each did, in MB/s.
func measure(ctx context.Context, l *lab, servers []*server, clients int, o options) (spur, nginx testbed.Series, err error) {
	all := make([]testbed.Series, len(servers))
	err = testbed.Take(all, o.Rounds, func(i int) (testbed.Figure, error) {
		rate, err := l.rate(ctx, servers[i], clients, o)
		if err != nil {
			return testbed.Figure{}, fmt.Errorf("%s with %d clients: %w", servers[i].name, clients, err)
		}
		fmt.Fprintf(os.Stderr, "round %d: %s, %d clients: %.0f MB/s\n", len(all[i])+1, servers[i].name, clients, rate)
		return testbed.Figure{Rate: rate}, nil
	})
	return all[1], all[0], err
}
