package resolver

import (
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

func TestByItem(t *testing.T) {
	named := func(source string) boot.Resolver {
		return Static{boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: source}}}}
	}
	s := ByItem{Otherwise: named("/first"), Items: map[uint16]boot.Resolver{0x8000: named("/first"), 0x8001: named("/second")}}
	for item, want := range map[uint16]string{0: "first", 0x8000: "first", 0x8001: "second", 7: "first"} {
		if got, err := s.Resolve(t.Context(), boot.Client{Item: item}); err != nil || got.Title() != want {
			t.Errorf("item %d: %s, %v; want %s", item, got.Title(), err, want)
		}
	}
}
