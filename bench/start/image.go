package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/spurboot/spur/bench/testbed"
)

// largeSize is what the system in the large image has, in bytes, all of it holes.
const largeSize = 8 << 30

// What the large image may cost beside a small one.
const (
	imageTimeBound   = 100 * time.Millisecond
	imageMemoryBound = 20_000_000 / 1024 // KiB
)

// images measures whole starts of `spur boot` with an image of 8 GiB beside one of a few
// MiB that differs in nothing else.
func (b bench) images(ctx context.Context, w io.Writer, dir string, starts int) error {
	paths := make([]string, 2)
	for i, size := range []int64{1 << 20, largeSize} {
		var err error
		if paths[i], err = b.image(ctx, dir, size); err != nil {
			return err
		}
	}
	rates, most := make([]testbed.Series, 2), make([][]int, 2)
	err := testbed.Take(rates, starts, func(i int) (testbed.Figure, error) {
		took, hwm, err := b.startAndEnd(ctx, paths[i])
		most[i] = append(most[i], hwm)
		return testbed.Figure{Rate: 1 / took.Seconds()}, err
	})
	if err != nil {
		return err
	}
	imageTable(w, rates[0], rates[1], middle(most[0]), middle(most[1]))
	return nil
}

// imageTable prints the figures of the small image and of the large one: starts in a
// second, and the most memory in KiB.
func imageTable(w io.Writer, small, large testbed.Series, smallMost, largeMost int) {
	after := func(s testbed.Series) time.Duration { return time.Duration(float64(time.Second) / s.Rate()) }
	ratio := small.Over(large) // of rates, so that it is that of the times the other way round
	more, longer := largeMost-smallMost, after(large)-after(small)
	fmt.Fprintf(w, "\n`spur boot` with an ISO image, %d starts of each.\n\n", small.Count())
	fmt.Fprintln(w, "| figure | 1 MiB of system | 8 GiB, sparse | 8 GiB beside 1 MiB | quartiles |")
	fmt.Fprintln(w, "|:--|--:|--:|--:|--:|")
	fmt.Fprintf(w, "| ready, median | %s | %s | %.2f | %s |\n", ms(after(small)), ms(after(large)), ratio.Median, ratio.Quartiles())
	fmt.Fprintf(w, "| most resident, median | %s | %s | %+.1f MB | |\n\n", mb(smallMost), mb(largeMost), float64(more)*1024/1e6)
	fmt.Fprintf(w, "Ready less than %s later: %s. Less than %s more: %s.\n", ms(imageTimeBound), testbed.Holds(longer < imageTimeBound),
		mb(imageMemoryBound), testbed.Holds(more < imageMemoryBound))
}

func middle(all []int) int {
	slices.Sort(all)
	return all[len(all)/2]
}

// startAndEnd starts Spur once, and tells how long it took to be ready and the most
// memory that it had until then, in KiB.
func (b bench) startAndEnd(ctx context.Context, image string) (took time.Duration, most int, err error) {
	took, spur, err := b.start(ctx, image)
	if err != nil {
		return 0, 0, err
	}
	m, err := memoryOf(spur.PID())
	return took, m.most, errors.Join(err, spur.Stop())
}

// image writes an image of a live system of so many bytes, with holes for those.
func (b bench) image(ctx context.Context, dir string, size int64) (string, error) {
	at := func(name string) string { return filepath.Join(dir, name) }
	root, menu, image := at("filesystem.squashfs"), at("grub.cfg"), at(fmt.Sprintf("live-%d.iso", size))
	err := errors.Join(
		os.WriteFile(root, []byte("hsqs"), 0o644), os.Truncate(root, size),
		os.WriteFile(menu, []byte("menuentry Live {\n linux /live/vmlinuz boot=live\n initrd /live/initrd.img\n}\n"), 0o644))
	if err != nil {
		return "", err
	}
	write := exec.CommandContext(ctx, "xorriso", "-as", "mkisofs", "-quiet", "-R", "-iso-level", "3", "-o", "-", "-graft-points",
		"live/vmlinuz="+b.kernel, "live/initrd.img="+b.initrd, "live/filesystem.squashfs="+root, "boot/grub/grub.cfg="+menu)
	write.Stderr = os.Stderr
	if err := sparsely(ctx, write, image); err != nil {
		return "", err
	}
	info, err := os.Stat(image)
	if err == nil && info.Size() < size {
		err = fmt.Errorf("%s has %d bytes, %d at least were wanted", image, info.Size(), size)
	}
	return image, err
}

// sparsely has what a program prints written to a file, zeros as holes.
func sparsely(ctx context.Context, from *exec.Cmd, path string) error {
	holes := exec.CommandContext(ctx, "dd", "iflag=fullblock", "bs=64K", "conv=sparse", "status=none", "of="+path)
	var err error
	if holes.Stdin, err = from.StdoutPipe(); err != nil {
		return err
	}
	if err := from.Start(); err != nil {
		return err
	}
	out, err := holes.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("dd: %w: %s", err, out)
	}
	return errors.Join(err, from.Wait())
}
