package nbd

import (
	"net"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
)

// TestContract holds a disk that came over NBD to what all disks promise.
func TestContract(t *testing.T) {
	for _, o := range []Options{{}, {NoExtended: true}, {NoStructured: true}} {
		t.Run("", func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "nbd")
			l, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			serveOn(t, &Server{Exports: Fixed{{Device: block.NewMemory(256 << 10)}}}, l)
			blocktest.Run(t, func(t *testing.T) block.Device {
				c, err := Dial(t.Context(), "unix", path, o)
				if err != nil {
					t.Fatal(err)
				}
				return c
			})
		})
	}
}
