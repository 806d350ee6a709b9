package share_test

import (
	"fmt"
	"net/netip"

	"github.com/spurboot/spur/block/share"
)

// A peer gets as much as it leaves for others.
func ExampleMemory() {
	memory := share.NewMemory(8 << 20)
	greedy := memory.Open(netip.MustParseAddr("192.0.2.1"), 8<<20)
	modest := memory.Open(netip.MustParseAddr("192.0.2.2"), 8<<20)
	fmt.Println(greedy.Try(5 << 20))
	fmt.Println(greedy.Try(4 << 20))
	fmt.Println(modest.Try(1 << 20))
	// Output:
	// false
	// true
	// true
}
