// Command iscsi runs Spur's iSCSI target and tgtd by turns on the same raw
// file, and prints the ratios as a table.
//
//	go run ./bench/iscsi [-quick] [-rounds N] [-only REGEXP]
//
// It needs the packages tgt, qemu-utils and qemu-block-extra. The client is QEMU's
// own, qemu-img bench. All goes over loopback and the file is in the page cache.
// The servers take turns within each round, and a ratio is the median of those
// of the rounds; only the ratios mean anything.
package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/spurboot/spur/bench/testbed"
	"github.com/spurboot/spur/internal/scratch"
)

// megabytes is the size of the disk.
const megabytes = 256

func main() {
	testbed.Main("iscsi", 11, bench, map[string]testbed.Role{"serve": serve})
}

func bench(ctx context.Context, r testbed.Run) error {
	folder, err := scratch.New("spur-bench-iscsi-")
	if err != nil {
		return err
	}
	defer folder.Close()
	disk := filepath.Join(folder.Path(), "disk")
	if err := testbed.WriteNoise(disk, megabytes); err != nil {
		return err
	}
	fmt.Printf("One session over loopback; a raw file of %d MiB, in the page cache; %d rounds on %d cores, which client and server share.\n\n",
		megabytes, r.Rounds, runtime.NumCPU())
	fmt.Print(head)
	servers := []server{
		{"spur", func() (*running, error) { return startSpur(disk) }},
		{"tgtd", func() (*running, error) { return startTgtd(folder.Path(), disk) }},
	}
	for _, p := range points() {
		if !r.Only.MatchString(p.name()) {
			continue
		}
		all := make([]testbed.Series, len(servers))
		if err := testbed.Take(all, r.Rounds, func(i int) (testbed.Figure, error) {
			return servers[i].measure(ctx, p)
		}); err != nil {
			return fmt.Errorf("%s: %w", p.name(), err)
		}
		fmt.Println(row{p, all[0], all[1]})
	}
	fmt.Print(testbed.HowToRead, notes)
	return nil
}
