// Command nbd runs Spur's NBD server and its peers (nbdkit file, qemu-nbd) by
// turns on the same files, and prints the ratios as a table.
//
//	go run ./bench/nbd [-quick] [-rounds N] [-time DURATION] [-only REGEXP]
//
// It needs the packages nbdkit, qemu-utils and fio. The client is fio's nbd
// engine on a Unix socket; the files are in the page cache. The servers take
// turns within each round, and a ratio is the median of those of the rounds;
// only the ratios mean anything.
package main

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spurboot/spur/bench/testbed"
	"github.com/spurboot/spur/internal/scratch"
)

// megabytes is the size of a disk.
const megabytes = 256

func main() {
	duration := flag.Duration("time", 300*time.Millisecond, "how long a measurement takes")
	testbed.Main("nbd", 25, func(ctx context.Context, r testbed.Run) error {
		return bench(ctx, r, *duration)
	}, map[string]testbed.Role{"serve": serve})
}

func bench(ctx context.Context, r testbed.Run, duration time.Duration) error {
	folder, err := scratch.New("spur-bench-nbd-")
	if err != nil {
		return err
	}
	defer folder.Close()
	dir := folder.Path()
	// The second one is the base of a qcow2 image that each server gets anew.
	for _, name := range []string{"raw", "base"} {
		if err := testbed.WriteNoise(filepath.Join(dir, name), megabytes); err != nil {
			return err
		}
	}
	fmt.Printf("fio's nbd engine on a Unix socket, one connection; a disk of %d MiB, in the page cache; %d rounds of %v on %d cores, which client and server share.\n\n",
		megabytes, r.Rounds, duration, runtime.NumCPU())
	fmt.Print(head)
	for _, format := range []string{"raw", "qcow2"} {
		for _, p := range points() {
			name := p.title(format)
			if !r.Only.MatchString(name) {
				continue
			}
			servers := servers(format)
			all := make([]testbed.Series, len(servers))
			if err := testbed.Take(all, r.Rounds, func(i int) (testbed.Figure, error) {
				return servers[i].measure(ctx, dir, format, p, duration)
			}); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			fmt.Println(row{p, name, all})
		}
	}
	fmt.Print(testbed.HowToRead, notes)
	return nil
}
