package raw_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
	"github.com/spurboot/spur/block/raw"
)

// TestCrash loses power at every change of a workload: every sector is as it
// was at the last flush, or as something that was written since. With
// SPUR_CRASH_SEEDS there are more than 20 ways for each change.
func TestCrash(t *testing.T) {
	const size, sector = 64 << 10, 512
	file := blocktest.NewRecorder(make([]byte, size))
	d, err := raw.Open(t.Context(), file, raw.Options{})
	must(t, err)
	from := file.Len()
	r := rand.New(rand.NewPCG(5, 6))
	now := make([]byte, size/sector) // the number that each sector is filled with
	since := make([][]byte, len(now))
	for i := range since {
		since[i] = []byte{0}
	}
	seeds := uint64(20)
	if text := os.Getenv("SPUR_CRASH_SEEDS"); text != "" {
		seeds, err = strconv.ParseUint(text, 10, 32)
		must(t, err)
	}
	for step := range 120 {
		at, n, value := r.IntN(100), 1+r.IntN(20), byte(1+step%250)
		run(t, d, r, at, n, value, now, since)
		for seed := range seeds {
			image := file.Crash(file.Len(), seed)
			for i := range now {
				got := image[i*sector : (i+1)*sector]
				if !bytes.Contains(since[i], got[:1]) || !bytes.Equal(got, bytes.Repeat(got[:1], sector)) {
					t.Fatalf("step %d, seed %d: sector %d is %d, allowed %d", step, seed, i, got[0], since[i])
				}
			}
		}
	}
	if file.Len() == from {
		t.Fatal("nothing was recorded")
	}
}

func run(t *testing.T, d block.Device, r *rand.Rand, at, n int, value byte, now []byte, since [][]byte) {
	t.Helper()
	ctx, off, length := context.Background(), int64(at)*512, int64(n)*512
	durable := false
	switch r.IntN(6) {
	case 0:
		must(t, d.Flush(ctx))
		for i := range now {
			since[i] = []byte{now[i]}
		}
		return
	case 1:
		durable = true
		must(t, d.Write(ctx, bytes.Repeat([]byte{value}, int(length)), off, block.FUA))
	case 2:
		value = 0
		must(t, d.Zero(ctx, off, length, block.ZeroFlags(r.IntN(2))))
	case 3:
		value = 0
		must(t, d.Trim(ctx, off, length))
	default:
		must(t, d.Write(ctx, bytes.Repeat([]byte{value}, int(length)), off, 0))
	}
	for i := at; i < at+n; i++ {
		now[i] = value
		since[i] = append(since[i], value)
		if durable {
			since[i] = []byte{value}
		}
	}
}
