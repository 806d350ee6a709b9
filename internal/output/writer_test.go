package output_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/spurboot/spur/internal/output"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func missing(n int) string { return fmt.Sprintf("(%d missing)\n", n) }

// TestReaderStops writes more than a pipe and the queue hold while nobody reads:
// no Write waits, and whoever reads then finds the oldest messages, and how many
// are missing.
func TestReaderStops(t *testing.T) {
	r, file, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	w := output.New(file, missing)
	line := strings.Repeat("x", 1023) + "\n"
	const written = 4096 // KiB
	for range written {
		if n, err := io.WriteString(w, line); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	begin := time.Now()
	w.Close()
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("Close waited %v for who doesn't read", took)
	}
	if _, err := io.WriteString(w, line); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a Write after Close: %v", err)
	}
	whole, lost := 0, 0
	for lines := bufio.NewScanner(r); whole+lost < written && lines.Scan(); {
		n := 0
		if _, err := fmt.Sscanf(lines.Text(), "(%d missing)", &n); err != nil {
			whole++
		}
		lost += n
	}
	if whole+lost != written || whole < 1000 || whole > 1200 {
		t.Errorf("%d lines came, %d are told missing, of %d", whole, lost, written)
	}
	file.Close()
	r.Close()
}

// refusing fails until it is mended.
type refusing struct {
	mended chan struct{}
	strings.Builder
}

func (r *refusing) Write(p []byte) (int, error) {
	select {
	case <-r.mended:
		return r.Builder.Write(p)
	default:
		return 0, errors.New("broken pipe")
	}
}

// TestReaderGone counts what was refused, and goes on when it no longer is.
func TestReaderGone(t *testing.T) {
	r := &refusing{mended: make(chan struct{})}
	w := output.New(r, missing)
	for range 3 {
		fmt.Fprintln(w, "lost")
	}
	for { // until all three were tried
		time.Sleep(time.Millisecond)
		if w.Dropped() == 3 {
			break
		}
	}
	close(r.mended)
	fmt.Fprintln(w, "here")
	w.Close()
	if got := r.String(); got != "(3 missing)\nhere\n" {
		t.Errorf("%q", got)
	}
}

// TestMissingAtTheEnd tells what is missing even if nothing follows.
func TestMissingAtTheEnd(t *testing.T) {
	r := &refusing{mended: make(chan struct{})}
	w := output.New(r, missing)
	fmt.Fprintln(w, "lost")
	for w.Dropped() == 0 {
		time.Sleep(time.Millisecond)
	}
	close(r.mended)
	w.Close()
	if got := r.String(); got != "(1 missing)\n" {
		t.Errorf("%q", got)
	}
}

func TestFile(t *testing.T) {
	w := output.New(os.Stdout, missing)
	defer w.Close()
	if w.File() != os.Stdout {
		t.Error("the file that is written to isn't told")
	}
	other := output.New(io.Discard, missing)
	defer other.Close()
	if other.File() != nil {
		t.Error("a file where there is none")
	}
}
