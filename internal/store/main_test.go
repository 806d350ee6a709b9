package store_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/spurboot/spur/internal/store"
)

// crashDir, when set, makes this test binary a process that fills a store
// until it is killed.
const crashDir = "STORE_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		fill(dir)
	}
	goleak.VerifyTestMain(m)
}

// fill puts records from several goroutines and prints each key once it is
// acknowledged. It never returns.
func fill(dir string) {
	s, err := store.Open(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for w := range 8 {
		go func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d-%d", w, i)
				if _, err := s.Apply(context.Background(), nil, store.Change{Key: "leases/" + key, Value: []byte(key)}); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				// One write, so that a line is whole or not there.
				os.Stdout.WriteString(key + "\n")
			}
		}()
	}
	select {}
}
