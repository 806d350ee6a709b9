package nbd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
)

// blocky has nbdkit serve a disk in whole blocks only, and refuse the rest.
func blocky(t *testing.T, size string, least int, filters ...string) (sock string) {
	t.Helper()
	sock = filepath.Join(t.TempDir(), "nbd")
	args := []string{"-f", "-U", sock}
	for _, f := range filters {
		args = append(args, "--filter="+f)
	}
	peer(t, "nbdkit", "nbdkit", append(args, "--filter=blocksize-policy", "memory", size, "blocksize-error-policy=error",
		fmt.Sprintf("blocksize-minimum=%d", least), "blocksize-preferred=65536", "blocksize-maximum=131072")...)
	return sock
}

// TestWholeBlocks holds the disk of a server that takes whole blocks only to
// what all disks promise.
func TestWholeBlocks(t *testing.T) {
	for _, least := range []int{512, 65536} {
		t.Run(fmt.Sprint(least), func(t *testing.T) {
			sock := blocky(t, "512K", least)
			if c := dialSoon(t, sock, Options{}); c.terms.minBlock != least || c.terms.maxPayload != 128<<10 {
				t.Fatalf("agreed on %+v", c.terms)
			}
			blocktest.Run(t, func(t *testing.T) block.Device {
				c, err := Dial(t.Context(), "unix", sock, Options{})
				if err != nil {
					t.Fatal(err)
				}
				return c
			})
		})
	}
}

// TestRestOfBlock: what is beyond the last whole block can't be had.
func TestRestOfBlock(t *testing.T) {
	c := dialSoon(t, blocky(t, "300001", 4096), Options{})
	if c.Size() != 73*4096 {
		t.Errorf("%d bytes of 300001 in blocks of 4096", c.Size())
	}
	exercise(t, c)
}

// TestNoZeroes: a server that has no NBD_CMD_WRITE_ZEROES is sent zeros.
func TestNoZeroes(t *testing.T) {
	c := dialSoon(t, blocky(t, "1M", 512, "nozero"), Options{})
	if c.Caps().Zero {
		t.Fatal("nbdkit's filter nozero zeroes")
	}
	exercise(t, c)
}

// TestSharedBlocks: writers of bytes that lie side by side in one block don't
// undo each other's writes.
func TestSharedBlocks(t *testing.T) {
	c := dialSoon(t, blocky(t, "256K", 4096), Options{})
	const writers, each = 8, 700
	want := make([]byte, writers*each)
	var wg sync.WaitGroup
	for w := range writers {
		part := want[w*each:][:each]
		wg.Go(func() {
			random := rand.NewChaCha8([32]byte{byte(w)})
			for range 50 {
				random.Read(part)
				if err := c.Write(t.Context(), part, int64(w*each), 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got := make([]byte, len(want))
	if err := c.Read(t.Context(), got, 0); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v, or writes are undone", err)
	}
}

// TestLockBlocks: waiting for other writes to a block ends with the context.
func TestLockBlocks(t *testing.T) {
	c := dialSoon(t, blocky(t, "256K", 4096), Options{})
	done, err := c.lockBlocks(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Write(ctx, []byte("x"), 0, 0); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
