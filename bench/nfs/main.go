// Command nfs runs Spur's NFS server and nfs-ganesha by turns on the same files,
// and prints the ratios as a table.
//
//	go run ./bench/nfs [-quick] [-rounds N] [-only REGEXP]
//
// It needs the packages nfs-ganesha, nfs-ganesha-vfs, libnfs-utils, python3,
// qemu-utils, qemu-block-extra and xorriso, and root: servers and clients are in
// network namespaces of their own. The files are in the page cache. The servers take
// turns within each round, and a ratio is the median of those of the rounds; only
// the ratios mean anything.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/spurboot/spur/bench/testbed"
)

// What is served: one large file, and a folder of small ones.
const (
	megabytes  = 256
	smallFiles = 1000
	smallBytes = 8 << 10
)

func main() {
	testbed.Main("nfs", 11, bench, map[string]testbed.Role{"serve": serve})
}

func bench(ctx context.Context, r testbed.Run) error {
	bed, err := testbed.New()
	if err != nil {
		return err
	}
	defer bed.Close()
	m := newMedium(bed.Dir)
	if err := m.write(); err != nil {
		return err
	}
	fmt.Printf("One client over veth; a file of %d MiB and %d of %d KiB, in the page cache; %d rounds on %d cores, which client and server share.\n\n",
		megabytes, smallFiles, smallBytes>>10, r.Rounds, runtime.NumCPU())
	fmt.Print(head)
	servers := servers(bed, m)
	for _, p := range points(m) {
		if !r.Only.MatchString(p.name) {
			continue
		}
		all := make([]testbed.Series, len(servers))
		if err := testbed.Take(all, r.Rounds, func(i int) (testbed.Figure, error) {
			return servers[i].measure(ctx, bed, p)
		}); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		fmt.Println(row{p, all[0], all[1]})
	}
	fmt.Print(testbed.HowToRead, notes)
	return nil
}

// medium is what is served: Spur serves the image, and ganesha the folder that it was
// made of.
type medium struct{ folder, image, client string }

func newMedium(dir string) medium {
	return medium{filepath.Join(dir, "medium"), filepath.Join(dir, "medium.iso"), filepath.Join(dir, "client.py")}
}

func (m medium) write() error {
	small := filepath.Join(m.folder, "small")
	if err := os.MkdirAll(small, 0o755); err != nil {
		return err
	}
	for i := range smallFiles {
		content := make([]byte, smallBytes)
		for at := range content {
			content[at] = byte(i + at)
		}
		if err := os.WriteFile(filepath.Join(small, fmt.Sprintf("package-%04d", i)), content, 0o644); err != nil {
			return err
		}
	}
	if err := testbed.WriteNoise(filepath.Join(m.folder, "large"), megabytes); err != nil {
		return err
	}
	if err := os.WriteFile(m.client, client, 0o644); err != nil {
		return err
	}
	if out, err := exec.Command("xorrisofs", "-quiet", "-R", "-o", m.image, m.folder).CombinedOutput(); err != nil {
		return fmt.Errorf("xorrisofs: %w; it is in the package xorriso: %s", err, out)
	}
	return nil
}
