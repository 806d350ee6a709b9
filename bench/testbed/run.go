package testbed

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
)

// A Run is what every benchmark can be told: by -quick, -rounds and -only.
type Run struct {
	Quick  bool           // a quarter of the rounds, shorter ones
	Rounds int            // per point
	Only   *regexp.Regexp // the names of the points to measure
}

// A Role is what a benchmark starts itself again for, such as a server in a
// process of its own.
type Role func(ctx context.Context, args []string) error

// Main is the main function of a benchmark. Flags of its own are defined before.
// An interrupt ends ctx, so that everything is cleaned up.
func Main(name string, rounds int, bench func(ctx context.Context, r Run) error, roles map[string]Role) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	var err error
	if args := os.Args[1:]; len(args) > 0 && roles[args[0]] != nil {
		err = roles[args[0]](ctx, args[1:])
	} else {
		err = parsed(ctx, rounds, bench)
	}
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench/%s: %v\n", name, err)
		os.Exit(1)
	}
}

func parsed(ctx context.Context, rounds int, bench func(context.Context, Run) error) (err error) {
	var r Run
	flag.BoolVar(&r.Quick, "quick", false, "a quarter of the rounds, shorter ones")
	flag.IntVar(&r.Rounds, "rounds", rounds, "rounds per point")
	only := flag.String("only", "", "measure the points whose name matches this expression")
	flag.Parse()
	if r.Quick {
		r.Rounds = min(r.Rounds, (rounds+3)/4)
	}
	if r.Only, err = regexp.Compile(*only); err != nil {
		return err
	}
	return bench(ctx, r)
}

// Spur is the binary to measure, made in a folder where none was named.
func Spur(ctx context.Context, dir, named string) (string, error) {
	if named != "" {
		return filepath.Abs(named)
	}
	path := filepath.Join(dir, "spur")
	build := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/spurboot/spur/cmd/spur")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build spur: %w\n%s", err, out)
	}
	return path, nil
}

// WriteNoise makes a file that no compression and no hole makes smaller.
func WriteNoise(name string, mib int) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.Reader, int64(mib)<<20)
	return errors.Join(err, f.Sync(), f.Close())
}
