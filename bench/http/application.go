package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/bench/testbed"
	labs "github.com/spurboot/spur/internal/lab"
)

// What `spur boot` is asked for: by so many machines at once, an EFI application
// with an initrd of so many bytes.
const (
	machines   = 16
	initrdSize = 512 << 20
)

// The bound of the memory that Spur may take for that, in bytes, and what of the
// rate of a file there must be at least.
const (
	residentBound = 64_000_000
	rateBound     = 0.9
)

// applications measures what an EFI application that is put together while it is
// served costs beside a file of its size.
func applications(ctx context.Context, l *lab, o options) (err error) {
	payload, err := l.linux()
	if err != nil {
		return err
	}
	s, err := startBoot(ctx, l, o, payload...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	application, err := s.location(ctx, `http://\S+/boot\.efi`, "--proto", "http")
	if err != nil {
		return err
	}
	initrd, err := s.location(ctx, `http://\S+/initrd`, "--loader", "ipxe")
	if err != nil {
		return err
	}
	asked := []asked{application, initrd}
	series := make([]testbed.Series, len(asked))
	err = testbed.Take(series, max(o.Rounds/3, 3), func(i int) (testbed.Figure, error) {
		rate, err := l.crowd(ctx, s.address, asked[i].path, machines, asked[i].size)
		return testbed.Figure{Rate: rate}, err
	})
	if err != nil {
		return err
	}
	resident, err := mostResident(s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	ratio := series[0].Over(series[1])
	fmt.Printf("`spur boot`, a kernel and an initrd of %d MiB, %d machines at once; %d rounds.\n\n", initrdSize>>20, machines, series[0].Count())
	fmt.Println("| EFI application, MB/s | initrd as a file, MB/s | ratio | quartiles | most resident |")
	fmt.Println("|--:|--:|--:|--:|--:|")
	fmt.Printf("| %.0f | %.0f | %.2f | %s | %.1f MB |\n\n", series[0].Rate(), series[1].Rate(), ratio.Median, ratio.Quartiles(), float64(resident)/1e6)
	fmt.Printf("At least %.1f of a file: %s. Resident under %.0f MB: %s.\n", rateBound, testbed.Holds(ratio.Median >= rateBound),
		float64(residentBound)/1e6, testbed.Holds(resident < residentBound))
	return nil
}

// linux is the payload of a kernel and its initrd.
func (l *lab) linux() ([]string, error) {
	kernel, err := labs.Kernel()
	if err != nil {
		return nil, err
	}
	initrd := filepath.Join(l.Dir, "initrd")
	return []string{kernel, initrd}, noise(initrd)
}

// noise writes what doesn't compress, as initrds are.
func noise(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.NewChaCha8([32]byte{2}), initrdSize)
	return errors.Join(err, f.Close())
}

// mostResident is the most memory that a process has had, in bytes
// (proc_pid_status(5), VmHWM).
func mostResident(pid int) (bytes int, err error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("spur has ended: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &bytes); n == 1 {
			return bytes << 10, nil
		}
	}
	return 0, fmt.Errorf("no VmHWM in %s", path)
}
