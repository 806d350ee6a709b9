package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spurboot/spur/bench/testbed"
)

const fileName = "disk.img"

// A lab is a pair of namespaces and a folder with the file to serve.
type lab struct{ *testbed.Testbed }

func newLab(o options) (*lab, error) {
	for tool, pkg := range map[string]string{"curl": "curl", "nginx": "nginx-light", "xorriso": "xorriso"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%s is missing: install the package %s", tool, pkg)
		}
	}
	bed, err := testbed.New()
	if err != nil {
		return nil, err
	}
	b := make([]byte, o.size*1000*1000)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	// It stays in the page cache.
	if err := os.WriteFile(filepath.Join(bed.Dir, fileName), b, 0o644); err != nil {
		bed.Close()
		return nil, err
	}
	return &lab{bed}, nil
}

// rate lets clients fetch the file once each, and returns MB/s over all.
func (l *lab) rate(ctx context.Context, s *server, clients int, o options) (float64, error) {
	size := o.size * 1000 * 1000
	if clients == 1 {
		return l.measured(ctx, size, "curl", "-sS", "-o", os.DevNull, "-w", "%{time_total} %{size_download}", "http://"+s.address+"/"+fileName)
	}
	return l.crowd(ctx, s.address, "/"+fileName, clients, size)
}

// crowd lets clients fetch a path of that many bytes once each, at the same time,
// and returns MB/s over all.
func (l *lab) crowd(ctx context.Context, address, path string, clients, size int) (float64, error) {
	return l.measured(ctx, clients*size, l.Self, "load", address, path, fmt.Sprint(clients))
}

// measured runs a client that prints seconds and bytes, and returns MB/s.
func (l *lab) measured(ctx context.Context, total int, program string, args ...string) (float64, error) {
	cmd := l.OnClients(ctx, program, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, err
	}
	var seconds float64
	var got int
	if _, err := fmt.Sscan(string(out), &seconds, &got); err != nil {
		return 0, fmt.Errorf("the client printed %q: %w", out, err)
	}
	if got != total {
		return 0, fmt.Errorf("%d of %d bytes came", got, total)
	}
	return float64(total) / 1e6 / seconds, nil
}
