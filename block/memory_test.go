package block_test

import (
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
)

func TestMemory(t *testing.T) {
	for _, size := range []int64{1 << 20, 300001} {
		blocktest.Run(t, func(*testing.T) block.Device { return block.NewMemory(size) })
	}
}
