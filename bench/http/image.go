package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spurboot/spur/bench/testbed"
)

// Two machines: one boots a kernel and an initrd as files, the other the same out of
// an image.
const (
	fileMachine  = "52:54:00:77:00:01"
	imageMachine = "52:54:00:77:00:02"
)

// images measures what an initrd in an image of a disc costs beside the same initrd as
// a file.
func images(ctx context.Context, l *lab, o options) (err error) {
	table, err := l.machinesTable(ctx)
	if err != nil {
		return err
	}
	s, err := startBoot(ctx, l, o, "--machines", table)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	inImage, err := s.location(ctx, `http://\S+/initrd\.img`, "--loader", "ipxe", "--mac", imageMachine)
	if err != nil {
		return err
	}
	plain, err := s.location(ctx, `http://\S+/initrd`, "--loader", "ipxe", "--mac", fileMachine)
	if err != nil {
		return err
	}
	fmt.Printf("\n`spur boot`, an initrd of %d MiB in an ISO image and as a file; %d rounds.\n\n", initrdSize>>20, max(o.Rounds/3, 3))
	fmt.Println("| clients | in the image, MB/s | as a file, MB/s | ratio | quartiles | at least 0.9 |")
	fmt.Println("|--:|--:|--:|--:|--:|:--|")
	for _, clients := range []int{1, machines} {
		if err := compare(ctx, s, []asked{inImage, plain}, clients, max(o.Rounds/3, 3)); err != nil {
			return err
		}
	}
	return nil
}

// compare prints the row of so many clients: the first of two files over the second.
func compare(ctx context.Context, s *bootServer, files []asked, clients, rounds int) error {
	series := make([]testbed.Series, len(files))
	err := testbed.Take(series, rounds, func(i int) (testbed.Figure, error) {
		rate, err := s.lab.crowd(ctx, s.address, files[i].path, clients, files[i].size)
		return testbed.Figure{Rate: rate}, err
	})
	if err != nil {
		return err
	}
	ratio := series[0].Over(series[1])
	fmt.Printf("| %d | %.0f | %.0f | %.2f | %s | %s |\n", clients, series[0].Rate(), series[1].Rate(), ratio.Median, ratio.Quartiles(),
		testbed.Holds(ratio.Median >= rateBound))
	return nil
}

// machinesTable writes what the two machines boot.
func (l *lab) machinesTable(ctx context.Context) (string, error) {
	linux, err := l.linux()
	if err != nil {
		return "", err
	}
	image, err := l.disc(ctx, linux[0], linux[1])
	if err != nil {
		return "", err
	}
	path := filepath.Join(l.Dir, "machines.yaml")
	return path, os.WriteFile(path, fmt.Appendf(nil, `machines:
  - mac: %s
    boot: %s
    initrds: [%s]
  - mac: %s
    boot: %s
`, fileMachine, linux[0], linux[1], imageMachine, image), 0o644)
}

// disc writes an image of a live system with a kernel and an initrd.
func (l *lab) disc(ctx context.Context, kernel, initrd string) (string, error) {
	root, menu, image := filepath.Join(l.Dir, "squashfs"), filepath.Join(l.Dir, "grub.cfg"), filepath.Join(l.Dir, "live.iso")
	err := errors.Join(
		os.WriteFile(root, append([]byte("hsqs"), make([]byte, 1<<20)...), 0o644),
		os.WriteFile(menu, []byte("menuentry Live {\n linux /live/vmlinuz boot=live\n initrd /live/initrd.img\n}\n"), 0o644))
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, "xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", image, "-graft-points",
		"live/vmlinuz="+kernel, "live/initrd.img="+initrd, "live/filesystem.squashfs="+root, "boot/grub/grub.cfg="+menu).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("xorriso: %w: %s", err, out)
	}
	return image, nil
}
